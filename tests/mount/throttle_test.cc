// Servers that ask for patience, each in its own way, on a real mount: programs notice nothing while another
// member can serve, and who asked is left alone for as long as it said.
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <regex>

#include "mount/balanced_mount.h"
#include "mount/shaped_members.h"
#include "support/origin.h"

namespace balancefs::test {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kSize = 8'000'000;

/// How a server asks, and for how many seconds it is left alone then.
struct Way {
  const char* name;
  int status;
  const char* retry_after;
  const char* body;
  int least, most;
};
constexpr const char* kDate = "a date one minute from now";
constexpr const char* kSlowDown =
    "<Error><Code>SlowDown</Code><Message>Reduce your request rate.</Message></Error>";
constexpr std::array<Way, 4> kForAMinute = {{
    {"TooManyRequestsWithSeconds", 429, "60", "slow down", 60, 60},
    {"TooManyRequestsWithADate", 429, kDate, "slow down", 30, 60},
    {"UnavailableWithSeconds", 503, "60", "maintenance", 60, 60},
    {"UnavailableWithADate", 503, kDate, "maintenance", 30, 60},
}};
constexpr std::array<Way, 2> kForAWhile = {{
    {"TooManyRequests", 429, "", "slow down", 1, 30},
    {"SlowDownOfS3", 503, "", kSlowDown, 1, 30},
}};

OriginReply reply_of(const Way& way) {
  OriginReply reply(way.status, "application/xml", way.body);
  std::string retry_after = way.retry_after;
  if (retry_after == kDate) {
    const auto then = std::chrono::system_clock::now() + 60s;
    retry_after = fmt::format("{:%a, %d %b %Y %H:%M:%S} GMT", fmt::gmtime(then));
  }
  if (!retry_after.empty()) reply.headers.emplace_back("Retry-After", retry_after);
  return reply;
}

class Throttling : public MountTest, public testing::WithParamInterface<Way> {
 protected:
  void mount() {
    std::vector<std::string> urls;
    for (auto& origin : origins_) {
      origin = std::make_unique<Origin>();
      for (const char* name : {"a", "b", "c", "d"}) origin->add_file(name, kSize, 7);
      urls.push_back(origin->url());
    }
    MountConfig config = balanced(urls);
    config.sections = "[cache]\nmode = \"memory\"\n";
    app_ = std::make_unique<MountedApp>(config);
  }
  int source_of(const std::string& name) const {
    return app_->member_of("pt/" + name) == member_name(0) ? 0 : 1;
  }
  std::uint64_t requests(int i) const { return origins_.at(static_cast<std::size_t>(i))->counts().requests; }
  void refuse(int i) {
    origins_.at(static_cast<std::size_t>(i))->set_script([](const OriginRequest&) {
      return std::optional<OriginReply>(reply_of(GetParam()));
    });
  }
  /// The seconds of the pauses that a member was given.
  std::vector<int> pauses(int i) const {
    const std::regex said(member_name(i) + " asks to slow down: no new requests for ([0-9]+) s");
    const std::string log = app_->log();
    std::vector<int> seconds;
    for (std::sregex_iterator at(log.begin(), log.end(), said); at != std::sregex_iterator(); ++at)
      seconds.push_back(std::stoi((*at)[1].str()));
    return seconds;
  }

  std::array<std::unique_ptr<Origin>, 2> origins_;
  std::unique_ptr<MountedApp> app_;
};

TEST_P(Throttling, OpenHandlesGoOnElsewhereAndWhoAskedIsNoFailure) {
  mount();
  OpenFile file(app_->path("pt/a"));
  EXPECT_EQ(file.read_ramp(50'000, 7), 50'000U);
  const int busy = source_of("a");
  refuse(busy);
  EXPECT_EQ(file.read_ramp(kSize, 7), kSize - 50'000);
  EXPECT_EQ(source_of("a"), 1 - busy);
  const std::vector<int> given = pauses(busy);
  ASSERT_FALSE(given.empty()) << app_->log();
  EXPECT_GE(given.front(), GetParam().least);
  EXPECT_LE(given.front(), GetParam().most);
  EXPECT_EQ(app_->log().find("out of rotation"), std::string::npos) << app_->log();
}

using ThrottlingForAMinute = Throttling;

TEST_P(ThrottlingForAMinute, NewHandlesLeaveItAloneForAsLongAsItSaid) {
  mount();
  ASSERT_EQ(read_file(app_->path("pt/a")).text.size(), kSize);
  ASSERT_EQ(read_file(app_->path("pt/b")).text.size(), kSize);
  const int busy = source_of("a");
  refuse(busy);
  EXPECT_EQ(read_file(app_->path("pt/c")).text.size(), kSize);
  ASSERT_EQ(pauses(busy).size(), 1U) << app_->log();
  const std::uint64_t asked = requests(busy);
  for (const char* name : {"a", "b", "c", "d"}) EXPECT_EQ(read_file(app_->path("pt").append(name)).error, 0);
  EXPECT_EQ(read_file(app_->path("pt/nothing")).error, ENOENT);
  EXPECT_EQ(requests(busy), asked);
}

using ThrottlingForAWhile = Throttling;

TEST_P(ThrottlingForAWhile, WhereNobodyElseCanServeReadersWaitForIt) {
  mount();
  ASSERT_EQ(read_file(app_->path("pt/a")).text.size(), kSize);
  std::array<std::atomic<int>, 2> refused = {0, 0};
  for (std::size_t i = 0; i < 2; ++i) {
    origins_[i]->set_script([&refused, i](const OriginRequest&) -> std::optional<OriginReply> {
      if (refused[i]++ >= 2) return std::nullopt;
      return reply_of(GetParam());
    });
  }
  OpenFile file(app_->path("pt/b"));
  EXPECT_EQ(file.read_ramp(kSize, 7), kSize);
  EXPECT_GT(refused[0] + refused[1], 2) << "both asked for patience before one served";
}

std::string name_of(const testing::TestParamInfo<Way>& way) {
  return way.param.name;
}
INSTANTIATE_TEST_SUITE_P(ForAMinute, Throttling, testing::ValuesIn(kForAMinute), name_of);
INSTANTIATE_TEST_SUITE_P(ForAWhile, Throttling, testing::ValuesIn(kForAWhile), name_of);
INSTANTIATE_TEST_SUITE_P(Ways, ThrottlingForAMinute, testing::ValuesIn(kForAMinute), name_of);
INSTANTIATE_TEST_SUITE_P(Ways, ThrottlingForAWhile, testing::ValuesIn(kForAWhile), name_of);

}  // namespace
}  // namespace balancefs::test
