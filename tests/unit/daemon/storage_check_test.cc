#include "daemon/storage_check.h"

#include <gtest/gtest.h>

#include "daemon/server_kind.h"
#include "support/fake_storage.h"
#include "support/scripted_http.h"
#include "support/test_loop.h"

namespace balancefs::test {
namespace {

using namespace std::chrono_literals;

class StorageCheckTest : public testing::Test {
 protected:
  StorageCheckTest() : storage_("/pt", t_.executor(), t_.clock), watched_(http_, true) {
    options_.path = "/pt";
    options_.type = "webdav";
    options_.url = "https://dav.example.com/media";
    storage_.add_file("a.mkv", 10);
    storage_.add_directory("b");
  }

  StorageCheck check() {
    auto result = t_.run(check_storage(storage_, options_, watched_, t_.executor(), t_.clock));
    EXPECT_TRUE(result.has_value());
    return std::move(*result);
  }

  TestLoop t_;
  FakeStorage storage_;
  ScriptedHttp http_;
  WatchedHttp watched_;
  StorageOptions options_;
};

TEST_F(StorageCheckTest, SaysWhatAnswersAndHowMuchIsThere) {
  http_.answer(200, {HttpHeader("Server", "nginx/1.22.1")});
  const StorageCheck done = check();
  EXPECT_EQ(done.report.state, MemberReport::State::answers);
  EXPECT_EQ(done.report.text, "nginx/1.22.1; 2 names in its root; ranges");
  EXPECT_TRUE(done.warnings.empty());
  ASSERT_EQ(http_.requests.size(), 1u);
  EXPECT_EQ(http_.requests[0].method, "OPTIONS");
  EXPECT_EQ(http_.requests[0].url, "https://dav.example.com/media/");
}

TEST_F(StorageCheckTest, AServerThatTellsNothingIsFineToo) {
  http_.fail_next(ErrorKind::unavailable);
  EXPECT_EQ(check().report.text, "2 names in its root; ranges");
}

TEST_F(StorageCheckTest, ALocalFolderIsAskedNothingByHttp) {
  options_.url.clear();
  options_.type = "local";
  EXPECT_EQ(check().report.state, MemberReport::State::answers);
  EXPECT_TRUE(http_.requests.empty());
}

TEST_F(StorageCheckTest, AnOldAlistIsWarnedOf) {
  options_.url = "https://alist.example.com/sub/dav/media";
  http_.answer(200);
  http_.answer(200, {}, R"({"code":200,"data":{"site_title":"x","version":"v3.41.0"}})");
  const StorageCheck old = check();
  EXPECT_EQ(http_.requests.at(1).url, "https://alist.example.com/sub/api/public/settings");
  EXPECT_FALSE(http_.requests.at(1).send_credentials);
  ASSERT_EQ(old.warnings.size(), 1u);
  EXPECT_NE(old.warnings[0].find("v3.41.0 is older than 3.42.0"), std::string::npos) << old.warnings[0];
  http_.answer(200);
  http_.answer(200, {}, R"({"data":{"version":"v3.45.0"}})");
  const StorageCheck good = check();
  EXPECT_TRUE(good.warnings.empty());
  EXPECT_EQ(good.report.text, "AList/OpenList v3.45.0; 2 names in its root; ranges");
}

TEST_F(StorageCheckTest, AStorageThatNeverAnswersIsGivenUp) {
  storage_.stall = true;
  const TimePoint start = t_.clock.now();
  const StorageCheck done = check();
  EXPECT_EQ(done.report.state, MemberReport::State::failed);
  EXPECT_NE(done.report.text.find("too slowly"), std::string::npos) << done.report.text;
  EXPECT_LE(t_.clock.now() - start, kCheckTimeout + 2s);
}

TEST_F(StorageCheckTest, AFailureOfTheListingCountsAsWell) {
  storage_.fail_list = Error(ErrorKind::corrupted, "PROPFIND: 200, not 207");
  const StorageCheck done = check();
  EXPECT_EQ(done.report.state, MemberReport::State::failed);
  EXPECT_EQ(done.report.text, "does not answer as type \"webdav\" should: PROPFIND: 200, not 207");
}

TEST_F(StorageCheckTest, TheFirstFileIsReadAtItsBeginningAndItsEnd) {
  storage_.remove("a.mkv");
  storage_.add_file("b/c/film.mkv", 1'000'000);
  http_.answer(200);
  EXPECT_EQ(check().report.text, "1 name in its root; ranges");
  EXPECT_EQ(storage_.counts.list, 3);
  ASSERT_GE(storage_.counts.ranges.size(), 2u);
  EXPECT_EQ(storage_.counts.ranges[0].offset, 0u);
  EXPECT_EQ(storage_.counts.ranges[1].end(), 1'000'000u);
}

TEST_F(StorageCheckTest, AServerWithoutRangesIsSaidToReadFromTheStart) {
  storage_.no_ranges = true;
  http_.answer(200);
  const StorageCheck done = check();
  EXPECT_EQ(done.report.state, MemberReport::State::answers);
  EXPECT_EQ(done.report.text, "2 names in its root; no ranges: read from the start");
}

TEST_F(StorageCheckTest, TheSearchForAFileEndsAfterAFewFolders) {
  storage_.remove("a.mkv");
  for (int i = 0; i < 20; ++i) storage_.add_directory("empty" + std::to_string(i));
  http_.answer(200);
  EXPECT_EQ(check().report.text, "21 names in its root; no file found to read");
  EXPECT_EQ(storage_.counts.list, 1 + kFoldersToSearch);
  EXPECT_EQ(storage_.counts.read, 0);
}

TEST_F(StorageCheckTest, EmptyAndHiddenFilesAreNotWhatIsReadFirst) {
  storage_.add_file(".hidden", 100);
  storage_.add_file("A", 0);
  storage_.remove("a.mkv");
  storage_.add_file("z.mkv", 77);
  http_.answer(200);
  check();
  EXPECT_EQ(storage_.counts.ranges.at(1).end(), 77u);
}

TEST_F(StorageCheckTest, WhatIsListedAndNotServedIsAFailure) {
  storage_.fail_read = Error(ErrorKind::not_found, "GET https://dav.example.com/media/a.mkv: status 404");
  http_.answer(200);
  const StorageCheck done = check();
  EXPECT_EQ(done.report.state, MemberReport::State::failed);
  EXPECT_EQ(done.report.text,
            "lists a.mkv but does not serve it: GET https://dav.example.com/media/a.mkv: status 404");
}

TEST_F(StorageCheckTest, OneBadFileAmongOthersIsAWarning) {
  storage_.add_file("c.mkv", 100);
  storage_.cut_error = Error(ErrorKind::corrupted, "too short");
  storage_.cut_read_at = 50;
  storage_.nodes["c.mkv"].info.size = 40;
  storage_.nodes["a.mkv"].info.size = 90;
  http_.answer(200);
  const StorageCheck done = check();
  EXPECT_EQ(done.report.text, "3 names in its root; ranges");
  ASSERT_EQ(done.warnings.size(), 1u);
  EXPECT_EQ(done.warnings[0], "storage /pt: it lists a.mkv but does not serve it, others it does: too short");
}

TEST_F(StorageCheckTest, ReadingThatNeverEndsIsGivenUp) {
  storage_.bytes_per_second = 1;
  storage_.add_file("a.mkv", 1000);
  http_.answer(200);
  const TimePoint start = t_.clock.now();
  EXPECT_EQ(check().report.state, MemberReport::State::failed);
  EXPECT_LE(t_.clock.now() - start, kCheckTimeout + 2s);
}

TEST(ExplainFailure, NamesWrongCredentialsAsSuch) {
  const Error refused(ErrorKind::denied, Error::Detail::credentials, "PROPFIND: 401");
  StorageOptions options;
  EXPECT_NE(explain_failure(refused, options).find("none is configured"), std::string::npos);
  options.http.user = "alice";
  options.http.password = Secret("geheim");
  EXPECT_EQ(explain_failure(refused, options), "wrong user or password (user alice): PROPFIND: 401");
  options.http.token = Secret("geheim");
  EXPECT_EQ(explain_failure(refused, options), "the token is refused: PROPFIND: 401");
  EXPECT_EQ(explain_failure(Error(ErrorKind::denied, "PROPFIND: 403"), options),
            "refused by permission: PROPFIND: 403");
}

TEST(IsOlder, ComparesVersionsByTheirNumbers) {
  EXPECT_TRUE(is_older("v3.41.9", "3.42.0"));
  EXPECT_TRUE(is_older("v2.99.0", "3.42.0"));
  EXPECT_TRUE(is_older("3.9.0", "3.42.0"));
  EXPECT_FALSE(is_older("v3.42.0", "3.42.0"));
  EXPECT_FALSE(is_older("v3.45.0-beta", "3.42.0"));
  EXPECT_FALSE(is_older("4.0", "3.42.0"));
  EXPECT_FALSE(is_older("", "3.42.0"));
  EXPECT_FALSE(is_older("dev", "3.42.0"));
}

TEST(AlistVersion, IsTakenFromTheSettingsPageOnly) {
  EXPECT_EQ(alist_version_of(R"({"data":{"version":"v3.45.0","x":1}})"), "v3.45.0");
  EXPECT_EQ(alist_version_of("<html>login</html>"), "");
  EXPECT_EQ(alist_version_of(R"({"version":"<script>"})"), "");
  EXPECT_EQ(alist_version_of(R"({"version":")" + std::string(50, '1')), "");
}

}  // namespace
}  // namespace balancefs::test
