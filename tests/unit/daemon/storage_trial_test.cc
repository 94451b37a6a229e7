// What `check` finds out about servers that lie, over the real transport.
#include "daemon/storage_trial.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>

#include "support/origin.h"

namespace balancefs::test {
namespace {

class StorageTrialTest : public testing::Test {
 protected:
  StorageTrialTest() {
    origin_.add_file("films/a.mkv", 100'000, 7);
    add("/pt", origin_);
  }

  StorageOptions& add(std::string path, const Origin& origin) {
    StorageOptions& storage = options_.storages.emplace_back();
    storage.path = std::move(path);
    storage.type = "webdav";
    storage.url = origin.url();
    storage.http.proxy = "none";
    return storage;
  }
  TrialResults run() { return try_storages(options_, plan_groups(options_)); }

  /// Every second answer with data is of another node.
  void alternate_data_etags() {
    origin_.set_script([this](const OriginRequest& request) -> std::optional<OriginReply> {
      const std::string range = request.header("range");
      if (request.method != "GET" || range.empty()) return std::nullopt;
      const std::uint64_t first = std::stoull(range.substr(6));
      const std::uint64_t last = std::stoull(range.substr(range.find('-') + 1));
      OriginReply reply(206, "application/octet-stream", "");
      reply.ramp = true;
      reply.seed = 7;
      reply.offset = first;
      reply.length = last - first + 1;
      reply.headers.emplace_back("Content-Range", fmt::format("bytes {}-{}/100000", first, last));
      reply.headers.emplace_back("ETag", fmt::format("\"node{}\"", node_++ % 2));
      return reply;
    });
  }

  Origin origin_;
  Origin cdn_;
  Options options_;
  std::atomic<int> node_ = 0;
};

TEST_F(StorageTrialTest, AGoodServerHasRangesAndNoWarnings) {
  const TrialResults results = run();
  EXPECT_EQ(results.storages[0].report.state, MemberReport::State::answers);
  EXPECT_TRUE(results.storages[0].report.text.ends_with("1 name in its root; ranges"))
      << results.storages[0].report.text;
  EXPECT_TRUE(results.storages[0].warnings.empty());
}

TEST_F(StorageTrialTest, AServerThatIgnoresRangesIsSaidTo) {
  OriginLies lies;
  lies.ignore_range = true;
  origin_.set_lies(lies);
  const TrialResults results = run();
  EXPECT_EQ(results.storages[0].report.state, MemberReport::State::answers);
  EXPECT_TRUE(results.storages[0].report.text.ends_with("; no ranges: read from the start"))
      << results.storages[0].report.text;
}

TEST_F(StorageTrialTest, AWrongRangeFails) {
  OriginLies lies;
  lies.wrong_range = true;
  origin_.set_lies(lies);
  const TrialResults results = run();
  EXPECT_EQ(results.storages[0].report.state, MemberReport::State::failed);
  EXPECT_TRUE(results.storages[0].report.text.starts_with("lists films/a.mkv but does not serve it: "))
      << results.storages[0].report.text;
}

TEST_F(StorageTrialTest, AFileOfAnotherLengthThanListedFails) {
  origin_.set_script([](const OriginRequest& request) -> std::optional<OriginReply> {
    if (request.method != "GET") return std::nullopt;
    OriginReply reply(206, "application/octet-stream", std::string(4096, 'x'));
    reply.headers.emplace_back("Content-Range", "bytes 0-4095/50000");
    reply.headers.emplace_back("ETag", "\"same\"");
    return reply;
  });
  EXPECT_EQ(run().storages[0].report.state, MemberReport::State::failed);
}

TEST_F(StorageTrialTest, NodesThatDisagreeAboutEtagsOfDataAreNoticed) {
  alternate_data_etags();
  const TrialResults results = run();
  EXPECT_EQ(results.storages[0].report.state, MemberReport::State::answers)
      << results.storages[0].report.text;
  ASSERT_EQ(results.storages[0].warnings.size(), 1u);
  EXPECT_NE(results.storages[0].warnings[0].find("etags = false"), std::string::npos);
}

TEST_F(StorageTrialTest, WhoConfiguredThatHearsNothingOfIt) {
  alternate_data_etags();
  options_.storages[0].etags = false;
  const TrialResults results = run();
  EXPECT_EQ(results.storages[0].report.state, MemberReport::State::answers)
      << results.storages[0].report.text;
  EXPECT_TRUE(results.storages[0].warnings.empty());
}

TEST_F(StorageTrialTest, NodesThatDisagreeAboutEtagsOfListingsAreNoticed) {
  origin_.set_script([this](const OriginRequest& request) -> std::optional<OriginReply> {
    if (request.method != "PROPFIND" || request.path != "/films/a.mkv") return std::nullopt;
    return OriginReply(
        207, "application/xml",
        fmt::format(
            "<D:multistatus xmlns:D=\"DAV:\"><D:response><D:href>/films/a.mkv</D:href><D:propstat><D:prop>"
            "<D:resourcetype/><D:getcontentlength>100000</D:getcontentlength>"
            "<D:getlastmodified>Tue, 14 Nov 2023 22:13:30 GMT</D:getlastmodified>"
            "<D:getetag>\"node{}\"</D:getetag></D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat>"
            "</D:response></D:multistatus>",
            node_++ % 2));
  });
  const TrialResults results = run();
  ASSERT_EQ(results.storages[0].warnings.size(), 1u);
  EXPECT_NE(results.storages[0].warnings[0].find("etags = false"), std::string::npos);
}

TEST_F(StorageTrialTest, AProxyThatCachesRedirectsIsNoticed) {
  cdn_.add_file("films/a.mkv", 100'000, 7);
  origin_.set_script([this](const OriginRequest& request) -> std::optional<OriginReply> {
    if (request.method != "GET") return std::nullopt;
    OriginReply reply(302, "text/plain", "moved");
    reply.headers.emplace_back("Location", cdn_.url() + request.path);
    reply.headers.emplace_back("Age", "120");
    return reply;
  });
  const TrialResults results = run();
  EXPECT_EQ(results.storages[0].report.state, MemberReport::State::answers)
      << results.storages[0].report.text;
  ASSERT_EQ(results.storages[0].warnings.size(), 1u);
  EXPECT_NE(results.storages[0].warnings[0].find("caches redirects"), std::string::npos);
}

TEST_F(StorageTrialTest, MembersThatAnswerAreCompared) {
  Origin other;
  for (int i = 0; i < 12; ++i) {
    origin_.add_file(fmt::format("films/{}.mkv", i), 1000);
    other.add_file(fmt::format("films/{}.mkv", i), 2000);
  }
  add("/pt.balance1", other);
  const TrialResults results = run();
  ASSERT_EQ(results.groups.size(), 1u);
  ASSERT_EQ(results.groups[0].warnings.size(), 1u);
  EXPECT_NE(results.groups[0].warnings[0].find("12 of 12"), std::string::npos);
  EXPECT_EQ(results.groups[0].notes.size(), 1u) << "a.mkv is on one member only";
}

TEST_F(StorageTrialTest, AMemberThatFailsIsLeftOutOfTheComparison) {
  Origin other;
  OriginLies lies;
  lies.status = 503;
  other.set_lies(lies);
  add("/pt.balance1", other);
  const TrialResults results = run();
  EXPECT_EQ(results.storages[1].report.state, MemberReport::State::failed);
  ASSERT_EQ(results.groups.size(), 1u);
  EXPECT_TRUE(results.groups[0].notes.empty());
}

}  // namespace
}  // namespace balancefs::test
