// What a group's failed requests leave behind: one line each in the log, and the same id in status and
// journal.
#include <fstream>
#include <regex>
#include <sstream>

#include "base/log.h"
#include "base/request_id.h"
#include "group_fixture.h"
#include "support/temp_folder.h"

namespace balancefs::test {
namespace {

class RequestLogTest : public GroupFixture {
 protected:
  RequestLogTest() { log_at(LogLevel::info, scratch.path("log")); }
  ~RequestLogTest() override { log_at(LogLevel::info, "stderr"); }

  static void log_at(LogLevel level, const std::string& target) {
    flush_log();
    LogOptions options;
    options.level = level;
    options.target = target;
    start_logging(options, true);
  }
  /// The lines so far that hold `part`, without time and level.
  std::vector<std::string> logged(const std::string& part = "") {
    flush_log();
    std::ifstream file(scratch.path("log"));
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);) {
      if (line.find(part) != std::string::npos) lines.push_back(std::regex_replace(line, kHead, ""));
    }
    return lines;
  }
  void list() {
    CollectingListing listing;
    RequestContext why;
    static_cast<void>(t.run(group->list(Path(), listing, why), 1s));
  }
  Result<ObjectInfo> stat(std::string_view path) {
    RequestContext why;
    why.ask = {0};
    return t.run(group->stat(*Path::parse(path), why));
  }
  const FailedRequest& last_failure(MemberIndex member) {
    status = group->status()[member];
    BALANCEFS_CHECK(status.last_failure.has_value());
    return *status.last_failure;
  }
  std::string last_mark(MemberIndex member) { return request_id_mark(last_failure(member).id); }

  static inline const std::regex kHead{"^[-0-9]+ [0-9:.]+ [a-z]+ "};
  TempFolder scratch;
  MemberStatus status;
};

TEST_F(RequestLogTest, AFailedRequestIsOneLineWithMemberOperationPathCauseAndId) {
  build(1);
  members[0]->fail_stat = refused();
  EXPECT_FALSE(stat("film").has_value());
  const std::string mark = last_mark(0);
  EXPECT_EQ(logged(), std::vector{"/pt: stat /pt/film: unavailable: connection refused" + mark});
  EXPECT_EQ(last_failure(0).operation, "stat");
  EXPECT_EQ(last_failure(0).path, "/pt/film");
  EXPECT_EQ(last_failure(0).kind, ErrorKind::unavailable);
  EXPECT_EQ(last_failure(0).cause, "connection refused");
  EXPECT_EQ(last_failure(0).at, t.clock.now());
}

TEST_F(RequestLogTest, ListingsReadsAndProbesAreToldAlike) {
  build(2);
  members[0]->fail_list = refused();
  list();
  EXPECT_EQ(logged("/pt: list /pt: unavailable: connection refused" + last_mark(0)).size(), 1u);
  members[0]->cut_read_at = 1000;
  auto reader = open();
  EXPECT_TRUE(read(*reader, 0, 5000).has_value());
  EXPECT_EQ(logged("/pt: read /pt/film at byte 1000: unavailable: reset" + last_mark(0)).size(), 1u);
  members[0]->fail_probe = Error(ErrorKind::timed_out, "silent");
  eject(0);
  t.pass(1min);
  EXPECT_EQ(last_failure(0).operation, "probe");
  EXPECT_FALSE(logged("/pt: probe /pt: timed_out: silent" + last_mark(0)).empty());
}

TEST_F(RequestLogTest, WhatSucceedsOrIsAnAnswerAboutThePathIsNoLine) {
  build(2);
  list();
  EXPECT_TRUE(stat("film").has_value());
  EXPECT_EQ(stat("nothing").error().kind, ErrorKind::not_found);
  auto reader = open();
  EXPECT_TRUE(read(*reader, 0, kFileSize).has_value());
  EXPECT_EQ(logged(), std::vector<std::string>{});
  EXPECT_FALSE(group->status()[0].last_failure.has_value());
}

TEST_F(RequestLogTest, OneIdLinksLogStatusJournalAndTheErrorOfTheProgram) {
  build(1);
  members[0]->fail_stat = refused();
  Error error;
  for (const char* path : {"a", "b", "film"}) error = stat(path).error();
  const std::string mark = last_mark(0);
  EXPECT_TRUE(error.text.ends_with(mark)) << error.text;
  EXPECT_EQ(status.state, HealthState::open);
  EXPECT_TRUE(status.reason.ends_with(mark)) << status.reason;
  ASSERT_EQ(journal.all().size(), 1u);
  EXPECT_EQ(journal.all()[0].id, last_failure(0).id);
  EXPECT_TRUE(journal.all()[0].reason.ends_with(mark));
  const auto lines = logged(mark);
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0], "/pt: stat /pt/film: unavailable: connection refused" + mark);
  EXPECT_TRUE(lines[1].starts_with("/pt is out of rotation")) << lines[1];
}

TEST_F(RequestLogTest, AProbesFailureIsInTheJournalByItsLastId) {
  build(1);
  members[0]->fail_everything = refused();
  eject(0);
  t.pass(10min);
  ASSERT_EQ(journal.all().size(), 2u);
  EXPECT_GT(journal.all()[1].times, 2u) << "counted over their different ids";
  EXPECT_EQ(journal.all()[1].id, last_failure(0).id);
  EXPECT_EQ(last_failure(0).operation, "probe");
}

TEST_F(RequestLogTest, RepeatedFailuresAreCountedOverTheirIds) {
  build(1);
  members[0]->fail_stat = Error(ErrorKind::denied, "403");
  for (int i = 0; i < 50; ++i) static_cast<void>(stat("film"));
  const std::string mark = last_mark(0);
  const auto lines = logged("stat /pt/film");
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[1], "/pt: stat /pt/film: denied: 403" + mark + " (the last of 49 like it)");
}

TEST_F(RequestLogTest, AThrottledMembersPauseNamesTheRequestThatWasRefused) {
  build(1);
  members[0]->fail_stat = throttled(30s);
  EXPECT_FALSE(stat("film").has_value());
  ASSERT_EQ(journal.all().size(), 1u);
  EXPECT_EQ(journal.all()[0].to, "throttled");
  EXPECT_EQ(journal.all()[0].id, last_failure(0).id);
}

TEST_F(RequestLogTest, WhoIsDrainedByHandIsTheWorkOfNoRequest) {
  build(2);
  group->set_drained("/pt", true);
  EXPECT_EQ(journal.all().at(0).id, 0u);
}

}  // namespace
}  // namespace balancefs::test
