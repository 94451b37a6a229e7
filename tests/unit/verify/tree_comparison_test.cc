// The walk of a comparison: what it finds, what it must not say, and how much it asks at a time.
#include <fmt/format.h>

#include "verify_fixture.h"

namespace balancefs::test {
namespace {

using namespace std::chrono_literals;

TEST_F(VerifyTest, EqualTreesAreTheSame) {
  add_everywhere("films/one.mkv", 100);
  add_everywhere("films/old/two.mkv", 200);
  EXPECT_EQ(compare(), VerifyOutcome::same);
  EXPECT_TRUE(found_.differences.empty());
  EXPECT_EQ(counts().folders, 3u);
  EXPECT_EQ(counts().names, 4u);
  EXPECT_EQ(counts().files, 2u);
}

TEST_F(VerifyTest, EveryPlantedDifferenceIsFoundAndNothingElse) {
  add_everywhere("films/one.mkv", 100);
  fakes_[1]->add_file("films/one.mkv", 90);
  fakes_[0]->add_file("films/only.mkv", 1);
  fakes_[2]->add_file("extra/deep/x", 1);
  fakes_[0]->add_directory("films/thing");
  fakes_[1]->add_directory("films/thing");
  fakes_[2]->add_file("films/thing", 5);
  EXPECT_EQ(compare(), VerifyOutcome::different);
  const Lines expected = {"extra/: only on /c, missing on /a, /b",
                          "films/one.mkv: size differs: 100 on /a, 100 on /c, 90 on /b",
                          "films/only.mkv: only on /a, missing on /b, /c",
                          "films/thing: type differs: folder on /a, folder on /b, file on /c"};
  EXPECT_EQ(found_.sorted(), expected);
  EXPECT_TRUE(found_.unknowns.empty());
  EXPECT_EQ(fakes_[2]->counts.list, 2) << "what only one member has is not looked into";
}

// SEMANTICS: "`verify` says that a member lacks a name only when a whole listing of that member lacks it."
TEST_F(VerifyTest, AMemberThatFailsInTheMiddleIsUnknownAndLacksNothing) {
  for (int i = 0; i < 20; ++i) add_everywhere(fmt::format("d{:02}/f", i), 10);
  VerifyOptions options;
  options.pace.folders_at_once = 1;
  for (int call = 6; call <= 30; ++call)
    members_[1]->add({Call::list, call, 0, Error(ErrorKind::unavailable, "connection refused")});
  EXPECT_EQ(compare(options), VerifyOutcome::incomplete);
  EXPECT_TRUE(found_.differences.empty());
  EXPECT_EQ(counts().unknown, 16u);
  const Lines expected = {"d04: unknown on /b: connection refused", "d05: unknown on /b: connection refused",
                          "d06: unknown on /b: connection refused; it is not asked any more"};
  EXPECT_EQ(found_.unknowns, expected);
  EXPECT_EQ(members_[1]->calls(Call::list), 5 + 3 * options.pace.attempts);
  EXPECT_EQ(fakes_[2]->counts.list, 21) << "the others are compared to the end";
}

TEST_F(VerifyTest, AListingThatIsCutOffIsNoListing) {
  add_everywhere("films/a", 1);
  add_everywhere("films/b", 1);
  add_everywhere("other/c", 1);
  members_[2]->add({Call::list, 2, 1, Error(ErrorKind::corrupted, "listing cut off")});
  VerifyOptions options;
  options.pace.folders_at_once = 1;
  options.pace.attempts = 1;
  EXPECT_EQ(compare(options), VerifyOutcome::incomplete);
  EXPECT_TRUE(found_.differences.empty());
  EXPECT_EQ(found_.unknowns, Lines{"films: unknown on /c: listing cut off"});
}

TEST_F(VerifyTest, WhatIsBelowAnUnknownFolderIsNotAskedForThere) {
  add_everywhere("films/old/a", 1);
  fakes_[1]->add_file("films/old/b", 1);
  members_[2]->add({Call::list, 2, 0, Error(ErrorKind::not_found, "404")});
  EXPECT_EQ(compare(), VerifyOutcome::incomplete);
  EXPECT_EQ(found_.differences, Lines{"films/old/b: only on /b, missing on /a"});
  EXPECT_EQ(members_[2]->calls(Call::list), 2) << "a 404 is about the path: asked once";
}

TEST_F(VerifyTest, AMemberThatIsUnreachableFromTheStartMakesNothingMissing) {
  add_everywhere("films/a", 1);
  fakes_[0]->fail_everything = Error(ErrorKind::unavailable, "connection refused");
  EXPECT_EQ(compare(), VerifyOutcome::incomplete);
  EXPECT_TRUE(found_.differences.empty());
  EXPECT_EQ(found_.unknowns, Lines{"/: unknown on /a: connection refused"});
}

TEST_F(VerifyTest, FoldersThatAreClosedToUsAreNoReasonToGiveUpAMember) {
  for (int i = 0; i < 9; ++i) add_everywhere(fmt::format("d{}/f", i), 10);
  for (int call = 2; call <= 9; ++call)
    members_[1]->add({Call::list, call, 0, Error(ErrorKind::denied, "403")});
  EXPECT_EQ(compare(), VerifyOutcome::incomplete);
  EXPECT_EQ(found_.unknowns.size(), 8u);
  EXPECT_EQ(members_[1]->calls(Call::list), 10);
}

TEST_F(VerifyTest, RefusedCredentialsAreAReasonToGiveUpAMember) {
  for (int i = 0; i < 9; ++i) add_everywhere(fmt::format("d{}/f", i), 10);
  const Error refused(ErrorKind::denied, Error::Detail::credentials, "401");
  for (int call = 2; call <= 9; ++call) members_[1]->add({Call::list, call, 0, refused});
  VerifyOptions options;
  options.pace.folders_at_once = 1;
  EXPECT_EQ(compare(options), VerifyOutcome::incomplete);
  EXPECT_EQ(found_.unknowns.back(), "d2: unknown on /b: 401; it is not asked any more");
  EXPECT_EQ(members_[1]->calls(Call::list), 4);
}

TEST_F(VerifyTest, OneFailureIsTriedAgain) {
  add_everywhere("films/a", 1);
  members_[1]->add({Call::list, 2, 0, Error(ErrorKind::unavailable, "reset")});
  EXPECT_EQ(compare(), VerifyOutcome::same);
  EXPECT_EQ(members_[1]->calls(Call::list), 3);
}

TEST_F(VerifyTest, AThrottledMemberIsLeftAloneForAsLongAsItAsks) {
  add_everywhere("films/a", 1);
  Error throttled(ErrorKind::throttled, "429");
  throttled.retry_after = 30s;
  members_[1]->add({Call::list, 2, 0, throttled});
  const TimePoint begun = t_.clock.now();
  EXPECT_EQ(compare(), VerifyOutcome::same);
  EXPECT_EQ(t_.clock.now() - begun, 30s);
}

TEST_F(VerifyTest, AMemberThatNeverAnswersEndsAsUnknown) {
  add_everywhere("films/a", 1);
  fakes_[1]->stall = true;
  VerifyOptions options;
  options.pace.request_timeout = 10s;
  EXPECT_EQ(compare(options), VerifyOutcome::incomplete);
  EXPECT_EQ(found_.unknowns, Lines{"/: unknown on /b: no answer in time"});
}

TEST_F(VerifyTest, AFewFoldersAreListedAtOnce) {
  for (int i = 0; i < 50; ++i) add_everywhere(fmt::format("d{}/f", i), 10);
  for (FakeStorage* fake : fakes_) fake->latency = 10ms;
  VerifyOptions options;
  options.pace.folders_at_once = 3;
  EXPECT_EQ(compare(options), VerifyOutcome::same);
  for (FakeStorage* fake : fakes_) EXPECT_EQ(fake->counts.most_running, 3);
}

TEST_F(VerifyTest, AMemberHasAHandfulOfRequestsAtATime) {
  for (int i = 0; i < 50; ++i) {
    add_everywhere(fmt::format("f{}", i), 10);
    fakes_[1]->nodes[fmt::format("f{}", i)].info.size_kind = SizeKind::rounded;
  }
  for (FakeStorage* fake : fakes_) fake->latency = 10ms;
  VerifyOptions options;
  options.pace.requests_per_member = 2;
  EXPECT_EQ(compare(options), VerifyOutcome::same);
  EXPECT_EQ(fakes_[1]->counts.most_running, 2);
  EXPECT_EQ(fakes_[1]->counts.stat, 50);
  EXPECT_EQ(fakes_[0]->counts.stat, 0) << "exact sizes cost no request";
}

// SEMANTICS: "Files differ by the identity rule of their group, judged with exact sizes"
TEST_F(VerifyTest, RoundedSizesAreMadeExactBeforeTheyAreCalledDifferent) {
  add_everywhere("same", 1000);
  add_everywhere("other", 1000);
  fakes_[2]->add_file("other", 1001);
  fakes_[2]->add_file("mine", 5);
  for (const char* name : {"same", "other", "mine"})
    fakes_[2]->nodes[name].info.size_kind = SizeKind::rounded;
  EXPECT_EQ(compare(), VerifyOutcome::different);
  const Lines expected = {"mine: only on /c, missing on /a, /b",
                          "other: size differs: 1000 on /a, 1000 on /b, 1001 on /c"};
  EXPECT_EQ(found_.sorted(), expected);
  EXPECT_EQ(fakes_[2]->counts.stat, 2) << "nothing to compare with what only one has";
}

TEST_F(VerifyTest, ASizeThatStaysUnknownIsNoDifference) {
  add_everywhere("x", 1000);
  fakes_[1]->nodes["x"].info.size_kind = SizeKind::unknown;
  fakes_[1]->fail_stat = Error(ErrorKind::denied, "403");
  EXPECT_EQ(compare(), VerifyOutcome::incomplete);
  EXPECT_TRUE(found_.differences.empty());
  EXPECT_EQ(found_.unknowns, Lines{"x: unknown on /b: 403"});
}

TEST_F(VerifyTest, TheGroupsIdentityRuleDecides) {
  add_everywhere("x", 1000);
  fakes_[1]->add_file("x", 1000, 7, 60);
  EXPECT_EQ(compare(), VerifyOutcome::same);
  VerifyOptions options;
  options.identity = GroupOptions::IdentityRule::size_mtime;
  EXPECT_EQ(compare(options), VerifyOutcome::different);
  EXPECT_EQ(found_.differences,
            Lines{"x: time differs: 2023-11-14T22:13:21Z on /a, 2023-11-14T22:13:21Z on /c, "
                  "2023-11-14T22:14:20Z on /b"});
}

TEST_F(VerifyTest, ChecksumsThatNobodyListsAreAskedForWhereTheyDecide) {
  add_everywhere("x", 1000);
  add_everywhere("y", 1000);
  fakes_[2]->add_file("mine", 5);
  for (FakeStorage* fake : fakes_) fake->nodes["x"].digest = fake->nodes["y"].digest = "sha1:aa";
  fakes_[1]->nodes["y"].digest = "sha1:bb";
  fakes_[0]->nodes["x"].info.checksum = "sha1:aa";
  VerifyOptions options;
  EXPECT_EQ(compare(options), VerifyOutcome::different);
  EXPECT_EQ(found_.sorted(), Lines{"mine: only on /c, missing on /a, /b"});
  for (const FakeStorage* fake : fakes_) EXPECT_EQ(fake->counts.stat, 0) << "another rule decides";
  options.identity = GroupOptions::IdentityRule::checksum;
  found_.differences.clear();
  EXPECT_EQ(compare(options), VerifyOutcome::different);
  const Lines expected = {"mine: only on /c, missing on /a, /b",
                          "y: checksum differs: sha1:aa on /a, sha1:aa on /c, sha1:bb on /b"};
  EXPECT_EQ(found_.sorted(), expected);
  EXPECT_EQ(fakes_[0]->counts.digests, 1) << "what it lists is enough";
  EXPECT_EQ(fakes_[2]->counts.digests, 2) << "nothing to compare with what only one has";
}

TEST_F(VerifyTest, MembersThatListChecksumsOfDifferentKindsAreAskedForMore) {
  add_everywhere("x", 1000);
  fakes_[0]->nodes["x"].info.checksum = "sha1:aa";
  fakes_[1]->nodes["x"].info.checksum = "md5:bb";
  fakes_[2]->nodes["x"].info.checksum = "sha1:aa md5:bb";
  for (FakeStorage* fake : fakes_) fake->nodes["x"].digest = "sha1:aa md5:bb";
  VerifyOptions options;
  options.identity = GroupOptions::IdentityRule::checksum;
  EXPECT_EQ(compare(options), VerifyOutcome::same);
  EXPECT_EQ(fakes_[1]->counts.digests, 1);
  EXPECT_EQ(fakes_[2]->counts.digests, 0) << "can be compared with both";
}

TEST_F(VerifyTest, WhenNobodyListensAnyMoreItStops) {
  for (int i = 0; i < 50; ++i) fakes_[0]->add_file(fmt::format("f{:02}", i), 10);
  for (int i = 0; i < 50; ++i) add_everywhere(fmt::format("d{:02}/f", i), 10);
  found_.most_differences = 3;
  EXPECT_EQ(compare(), VerifyOutcome::incomplete);
  EXPECT_TRUE(comparison_->stopped());
  EXPECT_LT(fakes_[0]->counts.list, 10);
}

TEST_F(VerifyTest, StoppedInTheMiddleItEndsWithWhatIsKnown) {
  for (int i = 0; i < 50; ++i) add_everywhere(fmt::format("d{:02}/f", i), 10);
  fakes_[0]->add_file("a", 1);
  for (FakeStorage* fake : fakes_) fake->latency = 10ms;
  make();
  Flow<Result<void>> flow(t_.executor(), comparison_->run());
  t_.pass(30ms, 10ms);
  comparison_->stop();
  t_.settle();
  ASSERT_TRUE(flow.done());
  EXPECT_EQ(outcome_of(counts(), comparison_->stopped()), VerifyOutcome::incomplete);
  EXPECT_EQ(found_.differences, Lines{"a: only on /a, missing on /b, /c"});
  EXPECT_GT(counts().folders_queued, 0u);
  for (FakeStorage* fake : fakes_) EXPECT_EQ(fake->counts.running, 0);
}

}  // namespace
}  // namespace balancefs::test
