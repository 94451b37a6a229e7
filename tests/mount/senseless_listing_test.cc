// A member whose listings fail in every way that servers and lines have: what was known stays, to every
// program and in time; what nobody knows is an error; nothing is ever called absent or empty.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <sstream>
#include <thread>

#include "mount/balanced_mount.h"
#include "support/origin.h"
#include "support/shaper.h"

namespace balancefs::test {
namespace {

using namespace std::chrono_literals;

constexpr const char* kImpatient =
    "[metadata]\nttl = \"500ms\"\nmax_stale = \"500ms\"\npatience = \"500ms\"\ntimeout = \"1s\"\n";
constexpr const char* kNames = "f000\nf001\nf002\nf003\nf004\n";
/// Where a test could wait for ever; far above the bounds of kImpatient.
constexpr auto kLsLimit = 10s;

/// How a member begins to fail; the origin was honest before.
struct Failure {
  const char* name;
  void (*begin)(Origin& origin, Shaper& line);
  /// Of opening a folder that was never listed. 0: a server that lists its root as empty and answers for its
  /// folders is believed about them.
  int unknown = EIO;
};

void answer_listings_with(Origin& origin, OriginReply reply) {
  origin.set_script([reply](const OriginRequest& request) -> std::optional<OriginReply> {
    if (request.method != "PROPFIND") return std::nullopt;
    return reply;
  });
}

void answer_everything_with(Origin& origin, int status) {
  OriginLies lies;
  lies.status = status;
  origin.set_lies(lies);
}

/// The answer that a well server gives for `path`, as far as such a list goes.
std::string half_a_listing(const std::string& path) {
  std::string xml = R"(<?xml version="1.0"?><D:multistatus xmlns:D="DAV:">)";
  for (const std::string& name : {std::string(), numbered(0), numbered(1)}) {
    xml += fmt::format(
        "<D:response><D:href>{}{}</D:href><D:propstat><D:prop><D:getcontentlength>10</D:getcontentlength>"
        "<D:resourcetype>{}</D:resourcetype></D:prop><D:status>HTTP/1.1 200 "
        "OK</D:status></D:propstat></D:response>",
        path, name, name.empty() ? "<D:collection/>" : "");
  }
  return xml;
}

/// Listings that end after two of the names: in the middle of the document, which the connection's end or the
/// body's own end makes look like all there is.
void cut_listings(Origin& origin, bool by_the_connection) {
  origin.set_script([=](const OriginRequest& request) -> std::optional<OriginReply> {
    if (request.method != "PROPFIND") return std::nullopt;
    OriginReply reply(207, "application/xml", half_a_listing(request.path));
    if (by_the_connection) {
      reply.cut_after = reply.body.size();
      reply.body += "</D:multistatus>";
    }
    return reply;
  });
}

void ask_for_another_password(Origin& origin, Shaper&) {
  OriginLies lies;
  lies.user = "alice";
  lies.password = "changed";
  origin.set_lies(lies);
}

void list_an_empty_root(Origin& origin, Shaper&) {
  OriginLies lies;
  lies.empty_root = true;
  origin.set_lies(lies);
}

void list_for_a_minute(Origin& origin, Shaper&) {
  OriginReply slow(207, "application/xml", half_a_listing("/") + "</D:multistatus>");
  slow.bytes_per_second = slow.body.size() / 60;
  answer_listings_with(origin, slow);
}

const Failure kFailures[] = {
    {"IsDown", [](Origin&, Shaper& line) { line.set_fault(ShaperFault::refuse); }},
    {"IsFrozen", [](Origin&, Shaper& line) { line.set_fault(ShaperFault::stall); }},
    {"NotFoundForEverything", [](Origin& origin, Shaper&) { answer_everything_with(origin, 404); }},
    {"Error500ForEverything", [](Origin& origin, Shaper&) { answer_everything_with(origin, 500); }},
    {"PasswordChanged", ask_for_another_password, EACCES},
    {"EmptyMultistatusAtTheRoot", list_an_empty_root, 0},
    {"MultistatusOfNothing",
     [](Origin& origin, Shaper&) {
       answer_listings_with(origin, OriginReply(207, "application/xml", "<D:multistatus xmlns:D=\"DAV:\"/>"));
     }},
    {"CutOffByTheConnection", [](Origin& origin, Shaper&) { cut_listings(origin, true); }},
    {"CutOffInTheDocument", [](Origin& origin, Shaper&) { cut_listings(origin, false); }},
    {"TakesAMinute", list_for_a_minute},
};

class SenselessListing : public MountTest, public testing::WithParamInterface<Failure> {
 protected:
  void SetUp() override {
    MountTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    for (const char* folder : {"known", "unknown"}) {
      for (int i = 0; i < 5; ++i) origin_.add_file(fmt::format("{}/{}", folder, numbered(i)), 10);
    }
    line_ = std::make_unique<Shaper>(origin_.port());
    MountConfig config = balanced({line_->url()});
    config.sections = kImpatient;
    app_ = std::make_unique<MountedApp>(config);
  }
  ProgramResult ls(const std::string& name = {}) const {
    return run({"ls", app_->path(name.empty() ? "pt" : "pt/" + name)}, kLsLimit);
  }

  Origin origin_;
  std::unique_ptr<Shaper> line_;
  std::unique_ptr<MountedApp> app_;
};

// SEMANTICS: "Only a confirmed absence makes `ENOENT`, shortens a listing or drops cached data."
TEST_P(SenselessListing, TakesAwayNoNameThatWasKnownAndInventsNoAbsence) {
  ASSERT_TRUE(eventually([&] { return ls("known").out == kNames; }));
  GetParam().begin(origin_, *line_);
  std::this_thread::sleep_for(600ms);  // past the ttl
  for (int turn = 0; turn < 2; ++turn) {
    const ProgramResult known = ls("known");
    EXPECT_EQ(known.status, 0) << known.text();
    EXPECT_EQ(known.out, kNames);
    EXPECT_EQ(ls().out, "known\nunknown\n");
  }
  EXPECT_EQ(run_script("stat -c %s *", app_->path("pt/known"), {}, kLsLimit).out, "10\n10\n10\n10\n10\n");
  const ProgramResult unknown = ls("unknown");
  EXPECT_FALSE(unknown.timed_out);
  EXPECT_EQ(open_error(app_->path("pt/unknown/f001")), GetParam().unknown);
  if (GetParam().unknown == 0) {
    EXPECT_EQ(unknown.out, kNames);
  } else {
    EXPECT_NE(unknown.status, 0) << unknown.text();
    EXPECT_EQ(unknown.out, "");
    EXPECT_NE(unknown.err.find(strerror(GetParam().unknown)), std::string::npos) << unknown.text();
  }
}

INSTANTIATE_TEST_SUITE_P(Member, SenselessListing, testing::ValuesIn(kFailures),
                         [](const auto& failure) { return std::string(failure.param.name); });

class LateListing : public MountTest {};

TEST_F(LateListing, IsWaitedForWithinBoundsAndServesTheNextCallerWithoutAnotherRequest) {
  Origin origin;
  for (int i = 0; i < 5; ++i) origin.add_file("quick/" + numbered(i), 10);
  origin.add_directory("slow");
  OriginLies held;
  held.stall_after = 0;  // until the lie ends; see the reply below
  origin.set_lies(held);
  origin.set_script([](const OriginRequest& request) -> std::optional<OriginReply> {
    if (request.method != "PROPFIND" || !request.path.starts_with("/slow")) return std::nullopt;
    OriginReply reply(207, "application/xml", half_a_listing("/slow/") + "</D:multistatus>");
    reply.stall_after = 20;
    return reply;
  });
  MountConfig config = balanced({origin.url()});
  config.sections = "[metadata]\npatience = \"1s\"\ntimeout = \"2s\"\n";
  MountedApp app(config);
  const ProgramResult late = run({"ls", app.path("pt/slow")}, kLsLimit);
  EXPECT_FALSE(late.timed_out);
  EXPECT_NE(late.err.find("Input/output error"), std::string::npos) << late.text();
  EXPECT_EQ(run({"ls", app.path("pt/quick")}, kLsLimit).out, kNames);
  origin.set_lies(OriginLies());
  EXPECT_TRUE(eventually([&] { return run({"ls", app.path("pt/slow")}, kLsLimit).out == "f000\nf001\n"; }));
  const std::vector<OriginRequest> requests = origin.requests();
  EXPECT_EQ(std::ranges::count_if(requests, [](const auto& each) { return each.path.starts_with("/slow"); }),
            1);
}

/// Two members with names of their own in the folder d; the second goes away and comes back with less.
class ReturningMember : public BalancedMount {
 protected:
  void start_with_all_names() {
    start_separate_members(2);
    for (int i = 0; i < 5; ++i) {
      write_file(member(0).root() / "d" / numbered(i), "first");
      write_file(member(1).root() / "d" / numbered(10 + i), "second");
      all_.insert(numbered(i));
      all_.insert(numbered(10 + i));
    }
    mount(kImpatient);
    ASSERT_EQ(listed(), all_);
  }
  std::set<std::string> listed() const {
    const ProgramResult shown = run({"ls", pt("d")}, kLsLimit);
    EXPECT_EQ(shown.status, 0) << shown.text();
    std::istringstream lines(shown.out);
    std::set<std::string> names;
    for (std::string line; std::getline(lines, line);) names.insert(line);
    return names;
  }
  /// How often the second member was asked for the folder.
  std::size_t questions() {
    const std::string log = member(1).log();
    std::size_t count = 0;
    for (std::size_t at = 0; (at = log.find("\"PROPFIND /d", at)) != std::string::npos; ++at) ++count;
    return count;
  }
  std::set<std::string> all_;
};

TEST_F(ReturningMember, WithoutAnyOfItsNamesTakesNoneAway) {
  start_with_all_names();
  member(1).stop();
  std::filesystem::remove_all(member(1).root() / "d");
  std::filesystem::create_directories(member(1).root() / "d");
  std::this_thread::sleep_for(600ms);  // past the ttl
  EXPECT_EQ(listed(), all_);
  member(1).start();
  const std::size_t before = questions();
  EXPECT_TRUE(eventually(
      [&] {
        EXPECT_EQ(listed(), all_);
        return HasFailure() || questions() >= before + 2;
      },
      90s));
  EXPECT_EQ(listed(), all_);
}

TEST_F(ReturningMember, LosesThoseThatItSaysAreGoneAndNoOthers) {
  start_with_all_names();
  member(1).stop();
  std::set<std::string> left = all_;
  for (int i = 13; i < 15; ++i) {
    std::filesystem::remove(member(1).root() / "d" / numbered(i));
    left.erase(numbered(i));
  }
  std::this_thread::sleep_for(600ms);
  EXPECT_EQ(listed(), all_) << "nobody has said that anything is gone";
  member(1).start();
  EXPECT_TRUE(eventually(
      [&] {
        const std::set<std::string> now = listed();
        EXPECT_TRUE(std::ranges::includes(now, left));
        return HasFailure() || now == left;
      },
      90s));
}

}  // namespace
}  // namespace balancefs::test
