// The group as a Storage: listings from all members, attributes from those that are asked.
#include "base/request_id.h"
#include "group_fixture.h"

namespace balancefs::test {
namespace {

class GroupTest : public GroupFixture {
 protected:
  Result<void> list(std::string_view path = "", std::optional<Duration> within = std::nullopt,
                    Priority priority = Priority::metadata) {
    listing = CollectingListing();
    RequestContext why(priority);
    if (within) why.deadline = t.clock.now() + *within;
    return t.run(group->list(*Path::parse(path), listing, why));
  }
  Result<ObjectInfo> stat(std::string_view path, std::vector<MemberIndex> ask = {}) {
    RequestContext why;
    why.ask = std::move(ask);
    return t.run(group->stat(*Path::parse(path), why));
  }
  /// The outcome that the listing told of a member; each exactly once.
  Result<void> outcome(MemberIndex member) {
    Result<void> found = fail(ErrorKind::cancelled, "not told");
    int told = 0;
    for (const auto& [who, result] : listing.outcomes) {
      if (who != member) continue;
      found = result;
      ++told;
    }
    EXPECT_EQ(told, 1);
    return found;
  }
  std::vector<MemberIndex> holders(const std::string& name) {
    std::vector<MemberIndex> result;
    for (const ObjectInfo& info : listing.entries[name]) result.push_back(info.member);
    std::sort(result.begin(), result.end());
    return result;
  }

  CollectingListing listing;
};

TEST_F(GroupTest, IsAStorageWithItsMembersNames) {
  build(3);
  EXPECT_EQ(group->traits().name, "/pt");
  EXPECT_EQ(group->traits().type, "group");
  EXPECT_EQ(group->traits().members, (std::vector<std::string>{"/pt", "/pt.balance1", "/pt.balance2"}));
}

// ---- listing --------------------------------------------------------------------------------------------

TEST_F(GroupTest, AListingSaysWhoHasWhat) {
  build(3);
  members[1]->add_file("only here", 5);
  members[2]->remove("film");
  EXPECT_TRUE(list().has_value());
  EXPECT_EQ(holders("film"), (std::vector<MemberIndex>{0, 1}));
  EXPECT_EQ(holders("only here"), (std::vector<MemberIndex>{1}));
  for (MemberIndex i = 0; i < 3; ++i) EXPECT_TRUE(outcome(i).has_value());
}

TEST_F(GroupTest, AllMembersAreAskedAtOnce) {
  build(3);
  for (FakeStorage* member : members) member->latency = 2s;
  const TimePoint begun = t.clock.now();
  EXPECT_TRUE(list().has_value());
  EXPECT_EQ(t.clock.now() - begun, 2s);
}

TEST_F(GroupTest, OneMembersFailureIsToldAndTheListingStands) {
  build(2);
  members[0]->fail_list = refused();
  EXPECT_TRUE(list().has_value());
  EXPECT_EQ(outcome(0).error().kind, ErrorKind::unavailable);
  EXPECT_TRUE(outcome(1).has_value());
}

TEST_F(GroupTest, AListingThatWasCutOffIsAFailureOfItsMember) {
  build(2);
  members[0]->cut_list_after = 0;
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(list().has_value());
  EXPECT_EQ(outcome(0).error().kind, ErrorKind::corrupted);
  EXPECT_EQ(state(0), HealthState::open);
}

TEST_F(GroupTest, OpenMembersAreNotAskedAndSaySoAtOnce) {
  build(2);
  eject(0);
  const int before = members[0]->counts.list;
  members[0]->stall = true;
  EXPECT_TRUE(list().has_value());
  EXPECT_EQ(members[0]->counts.list, before);
  EXPECT_EQ(outcome(0).error().kind, ErrorKind::unavailable);
  EXPECT_EQ(outcome(0).error().detail, Error::Detail::not_ours);
}

TEST_F(GroupTest, WhenAllAreOpenAllAreAsked) {
  build(2);
  eject(0);
  eject(1);
  EXPECT_TRUE(list().has_value());
  EXPECT_TRUE(outcome(0).has_value());
  EXPECT_TRUE(outcome(1).has_value());
}

TEST_F(GroupTest, WhatNobodyWaitsForIsNeverAskedOfThoseInTrouble) {
  // SEMANTICS: "Members that are open, throttled or lagging are not asked ahead."
  build(2);
  eject(0);
  members[1]->fail_list = throttled(30s);
  EXPECT_TRUE(list().error().kind == ErrorKind::throttled);
  const int before = members[0]->counts.list + members[1]->counts.list;
  EXPECT_FALSE(list("", std::nullopt, Priority::prefetch).has_value());
  EXPECT_EQ(members[0]->counts.list + members[1]->counts.list, before);
  EXPECT_FALSE(outcome(0).has_value());
  EXPECT_FALSE(outcome(1).has_value());
}

TEST_F(GroupTest, ADrainedMembersListingCounts) {
  std::vector<StorageOptions> options(2);
  options[1].enabled = false;
  build(2, options);
  members[1]->add_file("only here", 5);
  EXPECT_TRUE(list().has_value());
  EXPECT_EQ(holders("only here"), (std::vector<MemberIndex>{1}));
}

TEST_F(GroupTest, AMissingRootIsAFailureOfTheMember) {
  build(2);
  members[0]->nodes.clear();
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(list().has_value());
  EXPECT_EQ(outcome(0).error().kind, ErrorKind::unavailable);
  EXPECT_EQ(state(0), HealthState::open);
}

TEST_F(GroupTest, AMissingDirectoryIsAboutThePath) {
  build(2);
  members[1]->add_file("folder/x", 5);
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(list("folder").has_value());
  EXPECT_EQ(outcome(0).error().kind, ErrorKind::not_found);
  EXPECT_EQ(state(0), HealthState::closed);
  EXPECT_EQ(list("nowhere").error().kind, ErrorKind::not_found);
}

TEST_F(GroupTest, AbsentAtOneAndUnknownAtAnotherIsUnknown) {
  build(2);
  members[1]->fail_list = refused();
  EXPECT_EQ(list("folder").error().kind, ErrorKind::unavailable);
  eject(1);
  EXPECT_EQ(list("folder").error().kind, ErrorKind::unavailable) << "also when it was not even asked";
}

TEST_F(GroupTest, AThrottledMemberIsLeftAloneWhileOthersAnswer) {
  build(2);
  members[0]->fail_list = throttled(30s);
  EXPECT_TRUE(list().has_value());
  EXPECT_TRUE(list().has_value());
  EXPECT_EQ(members[0]->counts.list, 1);
  EXPECT_EQ(outcome(0).error().kind, ErrorKind::throttled);
  EXPECT_EQ(state(0), HealthState::closed);
}

TEST_F(GroupTest, ADeadlineEndsTheListingOfWhoIsLate) {
  build(2);
  members[0]->stall = true;
  const TimePoint begun = t.clock.now();
  EXPECT_TRUE(list("", 5s).has_value());
  EXPECT_EQ(t.clock.now() - begun, 5s);
  EXPECT_EQ(outcome(0).error().kind, ErrorKind::timed_out);
  EXPECT_TRUE(outcome(1).has_value());
  EXPECT_EQ(members[0]->counts.running, 0);
}

TEST_F(GroupTest, ACancelledListingLeavesNothingBehind) {
  build(3);
  for (FakeStorage* member : members) member->stall = true;
  RequestContext why;
  Flow<Result<void>> flow(t.executor(), group->list(Path(), listing, why));
  t.settle();
  EXPECT_EQ(members[2]->counts.running, 1);
  flow.cancel();
  t.settle();
  ASSERT_TRUE(flow.done());
  EXPECT_EQ(flow.take().error().kind, ErrorKind::cancelled);
  for (FakeStorage* member : members) EXPECT_EQ(member->counts.running, 0);
}

TEST_F(GroupTest, AListingThatIsCancelledInTheTurnOfAMembersAnswerEnds) {
  build(2);
  members[0]->latency = 1s;
  members[1]->stall = true;
  RequestContext why;
  Flow<Result<void>> flow(t.executor(), group->list(Path(), listing, why));
  t.settle();
  t.clock.advance(1s);
  t.loop.restart();
  while (members[0]->counts.running > 0) ASSERT_EQ(t.loop.poll_one(), 1u);
  flow.cancel();
  t.settle();
  const bool ended = flow.done();
  EXPECT_TRUE(ended) << "the wake-up was under way when the cancellation came";
  members[1]->stall = false;
  t.pass(1s);
  ASSERT_TRUE(flow.done());
  EXPECT_EQ(flow.take().error().kind, ErrorKind::cancelled);
}

// ---- attributes -----------------------------------------------------------------------------------------

TEST_F(GroupTest, AttributesComeFromTheFirstThatIsAsked) {
  build(3);
  members[2]->add_file("film", 7);
  EXPECT_EQ(stat("film")->member, 0);
  const auto info = stat("film", {2, 1});
  EXPECT_EQ(info->member, 2);
  EXPECT_EQ(info->size, 7u);
  EXPECT_EQ(members[1]->counts.stat, 0);
}

TEST_F(GroupTest, AFailureGoesToTheNext) {
  build(2);
  members[0]->fail_stat = refused();
  EXPECT_EQ(stat("film")->member, 1);
}

TEST_F(GroupTest, ASilentMemberIsNotWaitedForLong) {
  build(2);
  members[0]->stall = true;
  const TimePoint begun = t.clock.now();
  EXPECT_EQ(stat("film")->member, 1);
  EXPECT_EQ(t.clock.now() - begun, 3s);
}

TEST_F(GroupTest, AMemberThatNeverAnswersForAttributesIsOutOfRotationInTheEnd) {
  build(2);
  members[0]->stall = true;
  for (int i = 0; i < 3; ++i) EXPECT_EQ(stat("film")->member, 1);
  EXPECT_NE(state(0), HealthState::closed);
  EXPECT_EQ(state(1), HealthState::closed);
}

TEST_F(GroupTest, AMemberThatHadLittleTimeForAttributesIsNotToBlame) {
  build(1);
  members[0]->stall = true;
  for (int i = 0; i < 5; ++i) {
    RequestContext why;
    why.deadline = t.clock.now() + 1s;
    EXPECT_EQ(t.run(group->stat(*Path::parse("film"), why)).error().kind, ErrorKind::timed_out);
  }
  EXPECT_EQ(state(0), HealthState::closed);
}

TEST_F(GroupTest, OpenMembersAreAskedLast) {
  build(2);
  eject(0);
  EXPECT_EQ(stat("film")->member, 1);
  EXPECT_EQ(stat("film", {0})->member, 0) << "but they are asked";
}

TEST_F(GroupTest, NotFoundOnlyWhenAllThatWereAskedSaySo) {
  build(2);
  EXPECT_EQ(stat("nothing").error().kind, ErrorKind::not_found);
  members[0]->fail_stat = refused();
  EXPECT_EQ(stat("nothing").error().kind, ErrorKind::unavailable);
  EXPECT_EQ(stat("nothing", {1}).error().kind, ErrorKind::not_found);
}

// ---- probes and status ----------------------------------------------------------------------------------

TEST_F(GroupTest, OneLivingMemberIsLife) {
  build(2);
  RequestContext why(Priority::probe);
  members[0]->fail_probe = refused();
  EXPECT_TRUE(t.run(group->probe(why)).has_value());
  members[1]->fail_probe = refused();
  EXPECT_FALSE(t.run(group->probe(why)).has_value());
}

TEST_F(GroupTest, AProbeOfTheGroupEndsWithItsDeadline) {
  build(2);
  for (FakeStorage* member : members) member->stall = true;
  RequestContext why(Priority::probe);
  const TimePoint deadline = t.clock.now() + 7s;
  why.deadline = deadline;
  EXPECT_EQ(t.run(group->probe(why)).error().kind, ErrorKind::timed_out);
  EXPECT_EQ(t.clock.now(), deadline);
}

TEST_F(GroupTest, ProbesLeadBackFromOpenOverHalfOpen) {
  build(2);
  members[0]->fail_probe = refused();
  eject(0);
  t.pass(6s);
  EXPECT_EQ(members[0]->counts.probe, 1);
  EXPECT_EQ(state(0), HealthState::open);
  members[0]->fail_probe.reset();
  members[0]->latency = 100ms;
  const TimePoint due = *group->status()[0].next_probe;
  t.pass(due - t.clock.now() + 50ms, 10ms);
  EXPECT_EQ(state(0), HealthState::half_open);
  t.pass(2s);
  EXPECT_EQ(state(0), HealthState::closed);
  EXPECT_EQ(members[0]->counts.probe, 3);
  t.pass(10min, 1s);
  EXPECT_EQ(members[0]->counts.probe, 3) << "a healthy member is not probed";
}

TEST_F(GroupTest, AProbeWithoutAnswerFails) {
  build(2);
  eject(0);
  members[0]->stall = true;
  t.pass(22s);
  EXPECT_EQ(state(0), HealthState::open);
  EXPECT_EQ(without_request_ids(group->status()[0].reason), "timed_out: no answer to a probe");
}

TEST_F(GroupTest, StatusTellsWhatIsKnownOfAMember) {
  std::vector<StorageOptions> options(2);
  options[1].weight = 2;
  options[1].tier = 3;
  options[1].enabled = false;
  build(2, options);
  auto reader = open();
  for (int i = 0; i < 6; ++i) EXPECT_TRUE(read(*reader, i * 1000, 1000).has_value());
  const auto status = group->status();
  EXPECT_EQ(status[0].name, "/pt");
  EXPECT_EQ(status[0].opens, 1u);
  EXPECT_EQ(status[0].bytes, 6000u);
  EXPECT_EQ(status[0].p95, Duration(0));
  EXPECT_EQ(status[1].weight, 2000u);
  EXPECT_EQ(status[1].tier, 3u);
  EXPECT_TRUE(status[1].drained);
  EXPECT_FALSE(status[0].next_probe.has_value());
}

TEST_F(GroupTest, CloseEndsTheProbes) {
  build(2);
  members[0]->stall = true;
  eject(1);
  members[1]->stall = true;
  t.pass(6s);
  t.run_void(group->close());
  group.reset();
}

}  // namespace
}  // namespace balancefs::test
