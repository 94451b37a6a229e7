// When every member fails: who is tried once more, how long a handle waits, and what it is told.
#include "group_fixture.h"

namespace balancefs::test {
namespace {

class RouteOutageTest : public GroupFixture {
 protected:
  void break_all() {
    for (FakeStorage* member : members) member->fail_everything = refused();
  }
  void mend_all() {
    for (FakeStorage* member : members) member->fail_everything.reset();
  }
  /// How long a read takes while, after `time`, all members come back.
  Duration read_while_mended_after(ObjectReader& reader, Duration time, bool& worked) {
    const TimePoint begun = t.clock.now();
    Timer timer = t.clock.call_at(begun + time, [this] { mend_all(); });
    worked = read(reader, 10'000, 1000).has_value();
    return t.clock.now() - begun;
  }
  void eject_all() {
    break_all();
    for (int i = 0; i < 3; ++i) {
      CollectingListing listing;
      RequestContext why;
      static_cast<void>(t.run(group->list(Path(), listing, why), 1s));
    }
    for (MemberIndex i = 0; i < members.size(); ++i) ASSERT_EQ(state(i), HealthState::open);
  }
};

TEST_F(RouteOutageTest, AFreshHandleIsToldAtOnceWhenAllWereOpenBefore) {
  build(3);
  eject_all();
  for (FakeStorage* member : members) member->counts.read = 0;
  auto reader = open();
  const TimePoint begun = t.clock.now();
  EXPECT_EQ(read(*reader, 0, 1000).error().kind, ErrorKind::unavailable);
  EXPECT_EQ(t.clock.now(), begun);
  for (FakeStorage* member : members) EXPECT_EQ(member->counts.read, 1) << "each is tried once";
}

TEST_F(RouteOutageTest, OpenMembersAreTriedTheLeastRecentlyFailedFirst) {
  build(3);
  for (const MemberIndex member : {2, 0, 1}) {
    members[member]->fail_probe = refused();
    eject(member);
    t.pass(100ms);
  }
  auto version = film();
  auto reader = open(version);
  EXPECT_TRUE(read(*reader, 0, 1000).has_value());
  EXPECT_EQ(version->last_member(), 2);
  EXPECT_EQ(state(2), HealthState::open) << "a user's read never closes a member";
}

TEST_F(RouteOutageTest, AFreshHandleTriesAgainForFiveSecondsWhenTheOutageIsNew) {
  build(2);
  break_all();
  auto reader = open();
  const TimePoint begun = t.clock.now();
  EXPECT_EQ(read(*reader, 0, 1000).error().kind, ErrorKind::unavailable);
  EXPECT_EQ(t.clock.now() - begun, 5s);
}

TEST_F(RouteOutageTest, AFreshHandleSurvivesAShortOutage) {
  build(2);
  break_all();
  auto reader = open();
  bool worked = false;
  EXPECT_LT(read_while_mended_after(*reader, 3s, worked), 5s);
  EXPECT_TRUE(worked);
}

TEST_F(RouteOutageTest, AHandleThatHasDeliveredWaitsForAMemberToComeBack) {
  build(2);
  auto reader = open();
  EXPECT_TRUE(read(*reader, 0, 1000).has_value());
  break_all();
  bool worked = false;
  const Duration took = read_while_mended_after(*reader, 40s, worked);
  EXPECT_TRUE(worked);
  EXPECT_GE(took, 40s);
  EXPECT_LT(took, 55s);
}

TEST_F(RouteOutageTest, AfterAMinuteTheHandleThatHasDeliveredIsToldToo) {
  build(2);
  auto reader = open();
  EXPECT_TRUE(read(*reader, 0, 1000).has_value());
  break_all();
  const TimePoint begun = t.clock.now();
  EXPECT_EQ(read(*reader, 1000, 1000).error().kind, ErrorKind::unavailable);
  EXPECT_EQ(t.clock.now() - begun, 60s);
  EXPECT_LE(members[0]->counts.read, 6) << "it waits, it does not hammer";
}

TEST_F(RouteOutageTest, ALongBackOffIsCutShortForAHandleThatWaits) {
  build(1);
  auto reader = open();
  EXPECT_TRUE(read(*reader, 0, 1000).has_value());
  break_all();
  for (int i = 0; i < 10; ++i) {
    CollectingListing listing;
    RequestContext why;
    static_cast<void>(t.run(group->list(Path(), listing, why), 1s));
  }
  t.pass(20min, 1s);
  ASSERT_GT(*group->status()[0].next_probe - t.clock.now(), 30s);
  bool worked = false;
  EXPECT_LT(read_while_mended_after(*reader, 0s, worked), 15s);
  EXPECT_TRUE(worked);
}

TEST_F(RouteOutageTest, AnOutageOfEverybodyDoesNotMakeBackOffsGrow) {
  build(3);
  eject_all();
  t.pass(10min, 1s);
  for (const MemberStatus& status : group->status()) {
    ASSERT_TRUE(status.next_probe.has_value());
    EXPECT_LE(*status.next_probe - t.clock.now(), 25s);
  }
  mend_all();
  t.pass(30s);
  for (MemberIndex i = 0; i < 3; ++i) EXPECT_EQ(state(i), HealthState::closed);
}

TEST_F(RouteOutageTest, ABackOffThatBecameShorterIsKept) {
  build(2);
  members[1]->fail_everything = refused();
  eject(1);
  t.pass(2min, 1s);
  const int before = members[1]->counts.probe;
  while (members[1]->counts.probe == before) t.pass(1s);
  const TimePoint long_one = *group->status()[1].next_probe;
  members[0]->fail_everything = refused();
  eject(0);
  const TimePoint due = *group->status()[1].next_probe;
  ASSERT_LT(due, long_one) << "all are down, so the user's own line is";
  t.pass(due - t.clock.now() + 100ms);
  EXPECT_EQ(members[1]->counts.probe, before + 2);
}

TEST_F(RouteOutageTest, NobodyWaitsForAThrottledMemberThatDoesNotHaveTheFile) {
  build(2);
  auto version = film();
  members[0]->remove("film");
  members[1]->latency = 1s;
  members[1]->fail_read = refused();
  auto reader = open(version);
  const TimePoint begun = t.clock.now();
  Timer timer = t.clock.call_at(begun + 500ms, [this] {
    members[0]->fail_list = throttled(40s);
    t.scope.spawn([](Group& of) -> Task<void> {
      CollectingListing listing;
      RequestContext why;
      static_cast<void>(co_await of.list(Path(), listing, why));
    }(*group));
  });
  EXPECT_EQ(read(*reader, 0, 1000).error().kind, ErrorKind::unavailable);
  EXPECT_LT(t.clock.now() - begun, 10s);
}

TEST_F(RouteOutageTest, AnOutageOfOneMakesItsBackOffGrow) {
  build(2);
  members[1]->fail_everything = refused();
  eject(1);
  const int before = members[1]->counts.probe;
  t.pass(10min, 1s);
  EXPECT_LE(members[1]->counts.probe - before, 16) << "5 + 10 + 15 + ... seconds";
  EXPECT_GE(members[1]->counts.probe - before, 12);
  EXPECT_EQ(members[0]->counts.probe, 0) << "healthy members are not probed";
}

TEST_F(RouteOutageTest, ADeadMemberCostsNothingBeforeAndAfterTheHandlesOfOthers) {
  build(2);
  members[0]->stall = true;
  auto stalled = open();
  RequestContext why(Priority::demand);
  StringSink sink;
  Flow<Result<void>> flow(t.executor(), stalled->read(ByteRange(0, 1000), sink, why));
  t.settle();
  auto other = open();
  const TimePoint begun = t.clock.now();
  EXPECT_TRUE(read(*other, 0, 1000).has_value());
  EXPECT_EQ(t.clock.now(), begun);
  t.pass(11s);
  ASSERT_TRUE(flow.done());
  EXPECT_TRUE(flow.take().has_value());
}

TEST_F(RouteOutageTest, RefusedPasswordsAreAnErrorAtOnceAndEjectForLong) {
  build(1);
  members[0]->fail_everything = Error(ErrorKind::denied, Error::Detail::credentials, "401");
  auto reader = open();
  const TimePoint begun = t.clock.now();
  EXPECT_EQ(read(*reader, 0, 1000).error().kind, ErrorKind::denied);
  EXPECT_EQ(t.clock.now(), begun);
  t.settle();
  EXPECT_EQ(state(0), HealthState::open) << "the probe that the refusal asked for was refused too";
  EXPECT_GT(*group->status()[0].next_probe - t.clock.now(), 4min);
}

TEST_F(RouteOutageTest, OneForbiddenPathDoesNotEject) {
  build(2);
  for (FakeStorage* member : members) member->fail_read = Error(ErrorKind::denied, "403");
  for (int i = 0; i < 5; ++i) {
    auto reader = open();
    EXPECT_EQ(read(*reader, 0, 1000).error().kind, ErrorKind::denied);
    t.pass(20s);
  }
  EXPECT_EQ(state(0), HealthState::closed);
  EXPECT_EQ(state(1), HealthState::closed);
}

TEST_F(RouteOutageTest, AServerThatBreaksAtTheSameByteEachTimeEndsTheRead) {
  build(1);
  auto reader = open();
  EXPECT_TRUE(read(*reader, 0, 1000).has_value());
  members[0]->no_ranges = true;
  members[0]->cut_read_at = 50'000;
  const TimePoint begun = t.clock.now();
  EXPECT_EQ(read(*reader, 50'000, 1000).error().kind, ErrorKind::unavailable);
  EXPECT_LT(t.clock.now() - begun, 90s) << "reading up to there again is no progress";
}

TEST_F(RouteOutageTest, NobodyIsAskedOrBlamedForTimeThatOthersUsed) {
  build(2);
  members[0]->stall = true;
  auto reader = open();
  RequestContext why(Priority::prefetch);
  StringSink sink;
  const TimePoint begun = t.clock.now();
  EXPECT_EQ(t.run(reader->read(ByteRange(0, 1000), sink, why)).error().kind, ErrorKind::timed_out);
  EXPECT_EQ(t.clock.now() - begun, 60s);
  EXPECT_EQ(members[1]->counts.read, 0);
}

TEST_F(RouteOutageTest, AMemberThatHadHalfASecondLeftIsNotToBlame) {
  build(1);
  members[0]->fail_read = throttled(59'500ms);
  auto reader = open();
  Timer timer = t.clock.call_at(t.clock.now() + 10s, [this] {
    members[0]->fail_read.reset();
    members[0]->stall = true;
  });
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(read(*reader, 0, 1000).error().kind, ErrorKind::unavailable);
    members[0]->stall = false;
    members[0]->fail_read = throttled(59'500ms);
    timer = t.clock.call_at(t.clock.now() + 10s, [this] {
      members[0]->fail_read.reset();
      members[0]->stall = true;
    });
  }
  EXPECT_EQ(state(0), HealthState::closed);
}

}  // namespace
}  // namespace balancefs::test
