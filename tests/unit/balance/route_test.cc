// A handle's way over its members: rotation, affinity, and every fault in the middle of a read.
#include "group_fixture.h"

namespace balancefs::test {
namespace {

class RouteTest : public GroupFixture {};

// ---- rotation and affinity ------------------------------------------------------------------------------

TEST_F(RouteTest, HandlesThatReadAreSharedEvenly) {
  build(3);
  EXPECT_EQ(shares(12), (std::vector<int>{4, 4, 4}));
}

TEST_F(RouteTest, ThreeFilesOpenedInTurnComeFromThreeMembersInOrder) {
  build(3);
  EXPECT_EQ(server_of_a_new_handle(), 0);
  EXPECT_EQ(server_of_a_new_handle(), 1);
  EXPECT_EQ(server_of_a_new_handle(), 2);
}

TEST_F(RouteTest, WeightsDecideTheShares) {
  std::vector<StorageOptions> options(2);
  options[1].weight = 3;
  build(2, options);
  EXPECT_EQ(shares(40), (std::vector<int>{10, 30}));
}

TEST_F(RouteTest, HandlesThatNeverReadTakeNoStep) {
  build(3);
  EXPECT_EQ(server_of_a_new_handle(), 0);
  for (int i = 0; i < 5; ++i) open();
  EXPECT_EQ(server_of_a_new_handle(), 1);
}

TEST_F(RouteTest, MetadataNeverAdvancesTheRotation) {
  build(2);
  EXPECT_EQ(server_of_a_new_handle(), 0);
  for (int i = 0; i < 3; ++i) {
    CollectingListing listing;
    RequestContext why;
    EXPECT_TRUE(t.run(group->list(Path(), listing, why)).has_value());
    EXPECT_TRUE(t.run(group->stat(*Path::parse("film"), why)).has_value());
  }
  EXPECT_EQ(server_of_a_new_handle(), 1);
}

TEST_F(RouteTest, AllReadsOfAHandleGoToItsMember) {
  build(3);
  auto reader = open();
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(read(*reader, i * 1000, 1000).has_value());
  EXPECT_EQ(members[0]->counts.read, 10);
  EXPECT_EQ(members[1]->counts.read + members[2]->counts.read, 0);
}

TEST_F(RouteTest, AnEjectionNeverMovesAHandle) {
  build(3);
  auto reader = open();
  EXPECT_TRUE(read(*reader, 0, 1000).has_value());
  eject(1);
  eject(0);
  EXPECT_TRUE(read(*reader, 1000, 1000).has_value());
  EXPECT_EQ(members[0]->counts.read, 2) << "the member failed elsewhere, not for this handle";
}

TEST_F(RouteTest, StandbyTiersServeOnlyWhenNoLowerOneCan) {
  std::vector<StorageOptions> options(3);
  options[2].tier = 1;
  build(3, options);
  EXPECT_EQ(shares(8), (std::vector<int>{4, 4, 0}));
  eject(0);
  EXPECT_EQ(shares(4), (std::vector<int>{0, 4, 0}));
  eject(1);
  EXPECT_EQ(shares(4), (std::vector<int>{0, 0, 4}));
}

TEST_F(RouteTest, DrainedMembersGetNoHandlesNotEvenInNeed) {
  std::vector<StorageOptions> options(2);
  options[0].enabled = false;
  build(2, options);
  EXPECT_EQ(shares(3), (std::vector<int>{0, 3}));
  members[1]->fail_everything = refused();
  auto reader = open();
  EXPECT_EQ(read(*reader, 0, 10).error().kind, ErrorKind::unavailable);
  EXPECT_EQ(members[0]->counts.read, 0);
}

TEST_F(RouteTest, OnlyHoldersOfThePathAreAsked) {
  build(3);
  for (int i = 0; i < 4; ++i) {
    auto reader = open(film({1}));
    EXPECT_TRUE(read(*reader, 0, 100).has_value());
  }
  EXPECT_EQ(members[1]->counts.read, 4);
}

TEST_F(RouteTest, ARecoveredMemberClimbsSlowly) {
  build(2);
  eject(1);
  t.pass(10s);
  ASSERT_EQ(state(1), HealthState::closed);
  EXPECT_LE(shares(10)[1], 2);
  t.pass(40s);
  EXPECT_EQ(shares(10), (std::vector<int>{5, 5}));
}

// ---- faults in the middle of a read ---------------------------------------------------------------------

TEST_F(RouteTest, GoesOnAtTheSameByteWhenTheConnectionBreaks) {
  build(2);
  members[0]->cut_read_at = 150'000;
  auto reader = open();
  EXPECT_TRUE(read(*reader, 0, kFileSize).has_value());
  EXPECT_EQ(members[1]->counts.ranges.front(), ByteRange(150'000, kFileSize - 150'000));
}

TEST_F(RouteTest, EveryKindOfFailureThatAnotherMemberMayMendIsMended) {
  for (const ErrorKind kind :
       {ErrorKind::not_found, ErrorKind::denied, ErrorKind::changed, ErrorKind::throttled,
        ErrorKind::unavailable, ErrorKind::stalled, ErrorKind::timed_out, ErrorKind::corrupted}) {
    SCOPED_TRACE(to_string(kind));
    ASSERT_TRUE(another_member_may_help(kind));
    members.clear();
    if (group) t.run_void(group->close());
    build(2);
    members[0]->cut_read_at = 100'000;
    members[0]->cut_error = Error(kind, "as told");
    auto reader = open();
    EXPECT_TRUE(read(*reader, 0, kFileSize).has_value());
    EXPECT_EQ(members[0]->counts.bytes, 100'000u);
    EXPECT_EQ(members[1]->counts.bytes, kFileSize - 100'000);
  }
}

TEST_F(RouteTest, FailuresThatNobodyCanMendEndTheReadAtOnce) {
  for (const ErrorKind kind :
       {ErrorKind::no_space, ErrorKind::too_large, ErrorKind::unsupported, ErrorKind::cancelled}) {
    SCOPED_TRACE(to_string(kind));
    ASSERT_FALSE(another_member_may_help(kind));
    members.clear();
    if (group) t.run_void(group->close());
    build(2);
    members[0]->fail_read = Error(kind, "as told");
    auto reader = open();
    EXPECT_EQ(read(*reader, 0, 1000).error().kind, kind);
    EXPECT_EQ(members[1]->counts.read, 0);
    EXPECT_EQ(state(0), HealthState::closed);
  }
}

TEST_F(RouteTest, AStalledMemberIsLeftAfterThreeSeconds) {
  build(2);
  auto reader = open();
  EXPECT_TRUE(read(*reader, 0, 1000).has_value());
  members[0]->bytes_per_second = 100;
  members[0]->piece = 50;
  const TimePoint begun = t.clock.now();
  EXPECT_TRUE(read(*reader, 1000, 50'000).has_value());
  EXPECT_GE(t.clock.now() - begun, 3s);
  EXPECT_LE(t.clock.now() - begun, 5s);
  EXPECT_EQ(members[1]->counts.read, 1);
}

TEST_F(RouteTest, ASlowMemberThatNobodyWaitsForIsLeftAlone) {
  build(2);
  members[0]->bytes_per_second = 100;
  members[0]->piece = 50;
  auto reader = open();
  RequestContext why(Priority::prefetch);
  StringSink sink;
  EXPECT_TRUE(t.run(reader->read(ByteRange(0, 2000), sink, why)).has_value());
  EXPECT_EQ(members[1]->counts.read, 0);
  EXPECT_EQ(sink.text, ramp_bytes(0, 2000));
}

TEST_F(RouteTest, PartsThatHangAtAMemberThatStalledMoveTogether) {
  build(2);
  auto reader = open();
  EXPECT_TRUE(read(*reader, 0, 1000).has_value());
  members[0]->bytes_per_second = 20'000;
  members[0]->piece = 1000;
  std::vector<std::unique_ptr<StringSink>> sinks;
  std::vector<std::unique_ptr<RequestContext>> contexts;
  std::vector<std::unique_ptr<Flow<Result<void>>>> flows;
  for (std::uint64_t i = 0; i < 6; ++i) {
    sinks.push_back(std::make_unique<StringSink>(i * 50'000));
    contexts.push_back(std::make_unique<RequestContext>(i == 0 ? Priority::demand : Priority::prefetch));
    flows.push_back(std::make_unique<Flow<Result<void>>>(
        t.executor(), reader->read(ByteRange(i * 50'000, 50'000), *sinks.back(), *contexts.back())));
  }
  t.pass(500ms);
  members[0]->stall = true;
  t.pass(4500ms);
  for (std::uint64_t i = 0; i < 6; ++i) {
    ASSERT_TRUE(flows[i]->done()) << i;
    EXPECT_TRUE(flows[i]->take().has_value());
    EXPECT_EQ(sinks[i]->text, ramp_bytes(i * 50'000, 50'000));
  }
  EXPECT_EQ(state(0), HealthState::closed) << "they failed together";
}

TEST_F(RouteTest, BeforeTheFirstByteAnIdleMemberHasTenSeconds) {
  build(2);
  members[0]->stall = true;
  auto reader = open();
  const TimePoint begun = t.clock.now();
  EXPECT_TRUE(read(*reader, 0, 1000).has_value());
  EXPECT_GE(t.clock.now() - begun, 10s);
  EXPECT_LE(t.clock.now() - begun, 11s);
}

TEST_F(RouteTest, BeforeTheFirstByteABusyMemberHasThreeSeconds) {
  build(2);
  auto reader = open();
  EXPECT_TRUE(read(*reader, 0, 1000).has_value());
  members[0]->stall = true;
  const TimePoint begun = t.clock.now();
  EXPECT_TRUE(read(*reader, 1000, 1000).has_value());
  EXPECT_GE(t.clock.now() - begun, 3s);
  EXPECT_LE(t.clock.now() - begun, 4s);
}

TEST_F(RouteTest, AloneAMemberMayBeSilentForTheWholeReadTimeout) {
  build(1);
  auto reader = open();
  members[0]->stall = true;
  const TimePoint begun = t.clock.now();
  EXPECT_EQ(read(*reader, 0, 1000).error().kind, ErrorKind::timed_out);
  EXPECT_GE(t.clock.now() - begun, 60s);
  EXPECT_LE(t.clock.now() - begun, 61s);
}

TEST_F(RouteTest, AFileGoneFromOneMemberComesFromAnotherAndHurtsNobodysHealth) {
  build(2);
  members[0]->remove("film");
  for (int i = 0; i < 5; ++i) {
    auto reader = open(film({0, 1}));
    EXPECT_TRUE(read(*reader, 0, 1000).has_value());
  }
  EXPECT_EQ(state(0), HealthState::closed);
}

TEST_F(RouteTest, AFileGoneFromEveryMemberIsNotFoundAtOnce) {
  build(2);
  auto version = film();
  members[0]->remove("film");
  members[1]->remove("film");
  auto reader = open(version);
  const TimePoint begun = t.clock.now();
  EXPECT_EQ(read(*reader, 0, 1000).error().kind, ErrorKind::not_found);
  EXPECT_EQ(t.clock.now(), begun);
}

TEST_F(RouteTest, OneMembersAbsenceNeverHidesThatAnotherIsDown) {
  build(2);
  auto version = film();
  members[0]->remove("film");
  members[1]->fail_everything = refused();
  auto reader = open(version);
  EXPECT_EQ(read(*reader, 0, 1000).error().kind, ErrorKind::unavailable);
}

TEST_F(RouteTest, AThrottledMemberGetsNoHandlesAndLosesThoseItHas) {
  build(2);
  auto reader = open();
  EXPECT_TRUE(read(*reader, 0, 1000).has_value());
  members[0]->fail_read = throttled(30s);
  EXPECT_TRUE(read(*reader, 1000, 1000).has_value());
  members[0]->fail_read.reset();
  EXPECT_EQ(shares(4), (std::vector<int>{0, 4}));
  t.pass(31s);
  EXPECT_EQ(shares(4), (std::vector<int>{2, 2}));
  EXPECT_EQ(state(0), HealthState::closed);
}

TEST_F(RouteTest, WhenAllAreThrottledReadsWaitForTheFirstToAllowThem) {
  build(2);
  members[0]->fail_read = throttled(40s);
  members[1]->fail_read = throttled(20s);
  auto reader = open();
  const TimePoint begun = t.clock.now();
  t.scope.spawn([](TestLoop& loop, FakeStorage& member) -> Task<void> {
    co_await sleep_for(loop.clock, 10s);
    member.fail_read.reset();
  }(t, *members[1]));
  EXPECT_TRUE(read(*reader, 0, 1000).has_value());
  EXPECT_EQ(t.clock.now() - begun, 20s);
  EXPECT_EQ(members[1]->counts.read, 2);
}

TEST_F(RouteTest, ThrottledBeyondTheReadTimeoutIsAnError) {
  build(1);
  members[0]->fail_read = throttled(600s);
  auto reader = open();
  const TimePoint begun = t.clock.now();
  EXPECT_EQ(read(*reader, 0, 1000).error().kind, ErrorKind::throttled);
  EXPECT_EQ(t.clock.now() - begun, 60s);
  EXPECT_EQ(members[0]->counts.read, 1);
  EXPECT_EQ(state(0), HealthState::closed) << "throttling is no failure";
}

TEST_F(RouteTest, AMemberWithoutRangesIsSkippedForAnother) {
  build(2);
  members[0]->no_ranges = true;
  auto reader = open();
  EXPECT_TRUE(read(*reader, 50'000, 1000).has_value());
  EXPECT_EQ(members[1]->counts.read, 1);
  EXPECT_TRUE(group->status()[0].no_range);
  t.pass(11min, 1min);
  EXPECT_FALSE(group->status()[0].no_range);
}

TEST_F(RouteTest, AMemberWithoutRangesThatIsAloneIsReadFromTheStart) {
  build(1);
  members[0]->no_ranges = true;
  auto reader = open();
  EXPECT_TRUE(read(*reader, 50'000, 1000).has_value());
  EXPECT_EQ(members[0]->counts.ranges.back(), ByteRange(0, 51'000));
  EXPECT_TRUE(read(*reader, 60'000, 1000).has_value());
  EXPECT_EQ(members[0]->counts.read, 3) << "it was asked for a range once";
}

TEST_F(RouteTest, ThirtyTwoPartsThatFailTogetherAreOneFailure) {
  build(2);
  members[0]->latency = 100ms;
  auto reader = open();
  EXPECT_TRUE(read(*reader, 0, 1000).has_value());
  members[0]->cut_read_at = 0;
  std::vector<std::unique_ptr<StringSink>> sinks;
  std::vector<std::unique_ptr<RequestContext>> contexts;
  std::vector<std::unique_ptr<Flow<Result<void>>>> flows;
  for (std::uint64_t i = 0; i < 32; ++i) {
    sinks.push_back(std::make_unique<StringSink>(i * 1000));
    contexts.push_back(std::make_unique<RequestContext>(Priority::demand));
    flows.push_back(std::make_unique<Flow<Result<void>>>(
        t.executor(), reader->read(ByteRange(i * 1000, 1000), *sinks.back(), *contexts.back())));
  }
  t.pass(1s);
  for (auto& flow : flows) {
    ASSERT_TRUE(flow->done());
    EXPECT_TRUE(flow->take().has_value());
  }
  EXPECT_EQ(members[0]->counts.read, 33);
  EXPECT_EQ(members[1]->counts.read, 32);
  EXPECT_EQ(state(0), HealthState::closed);
  EXPECT_EQ(group->status()[1].opens, 1u) << "the handle moved once";
}

TEST_F(RouteTest, ACancelledReadLeavesNothingBehind) {
  build(2);
  members[0]->stall = true;
  auto reader = open();
  RequestContext why(Priority::demand);
  StringSink sink;
  {
    Flow<Result<void>> flow(t.executor(), reader->read(ByteRange(0, 1000), sink, why));
    t.settle();
    EXPECT_EQ(group->status()[0].running, 1u);
    flow.cancel();
    t.settle();
    ASSERT_TRUE(flow.done());
    EXPECT_EQ(flow.take().error().kind, ErrorKind::cancelled);
  }
  EXPECT_EQ(group->status()[0].running, 0u);
  EXPECT_EQ(state(0), HealthState::closed);
}

class FullSink final : public ByteSink {
 public:
  std::uint64_t position() const override { return 0; }
  Result<void> write(std::span<const std::byte>) override { return fail(ErrorKind::no_space, "full"); }
};

TEST_F(RouteTest, AReceiverThatRefusesIsNoMembersFault) {
  build(2);
  auto reader = open();
  FullSink sink;
  RequestContext why(Priority::demand);
  EXPECT_EQ(t.run(reader->read(ByteRange(0, 1000), sink, why)).error().kind, ErrorKind::no_space);
  EXPECT_EQ(members[1]->counts.read, 0);
}

}  // namespace
}  // namespace balancefs::test
