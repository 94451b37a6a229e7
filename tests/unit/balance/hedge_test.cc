// Hedging: a late part is asked of a second member, the first answer wins, and the bucket bounds how often.
#include <rapidcheck.h>

#include "group_fixture.h"

namespace balancefs::test {
namespace {

class HedgeTest : public GroupFixture {
 protected:
  void build_hedged(std::size_t count, std::vector<StorageOptions> options = {}) {
    GroupOptions rules;
    rules.hedge = true;
    build(count, std::move(options), rules);
    for (FakeStorage* member : members) member->latency = 60ms;
  }
  /// A handle of member 0 whose usual first-byte time is known.
  std::unique_ptr<ObjectReader> open_known() {
    auto reader = open();
    for (int i = 0; i < 8; ++i) EXPECT_TRUE(read(*reader, i * 1000, 1000).has_value());
    EXPECT_EQ(members[0]->counts.read, 8);
    return reader;
  }
  Duration time_of(ObjectReader& reader, std::uint64_t offset, std::uint64_t count) {
    const TimePoint begun = t.clock.now();
    EXPECT_TRUE(read(reader, offset, count).has_value());
    return t.clock.now() - begun;
  }
  std::uint64_t extra() {
    std::uint64_t sum = 0;
    for (const MemberStatus& status : group->status()) sum += status.extra;
    return sum;
  }
};

TEST_F(HedgeTest, NothingIsAskedTwiceWhileTheMemberIsAsFastAsUsual) {
  build_hedged(2);
  auto reader = open_known();
  for (int i = 0; i < 50; ++i) EXPECT_TRUE(read(*reader, i * 1000, 1000).has_value());
  EXPECT_EQ(members[1]->counts.read, 0);
}

TEST_F(HedgeTest, APartThatIsLaterThanUsualComesFromTheNextMember) {
  build_hedged(2);
  auto reader = open_known();
  members[0]->latency = 2s;
  EXPECT_LT(time_of(*reader, 10'000, 1000), 200ms);
  EXPECT_EQ(members[1]->counts.ranges, (std::vector<ByteRange>{ByteRange(10'000, 1000)}));
  EXPECT_EQ(extra(), 1u);
  EXPECT_EQ(members[0]->counts.running, 0) << "the slower one was cancelled";
  EXPECT_EQ(state(0), HealthState::closed);
}

TEST_F(HedgeTest, TheRestOfAPartThatStopsComesFromTheNextMember) {
  build_hedged(2);
  auto reader = open_known();
  members[0]->bytes_per_second = 100'000;
  members[0]->piece = 1000;
  Timer timer = t.clock.call_at(t.clock.now() + 200ms, [this] { members[0]->stall = true; });
  EXPECT_LT(time_of(*reader, 0, 50'000), 600ms);
  ASSERT_EQ(members[1]->counts.ranges.size(), 1u);
  const ByteRange rest = members[1]->counts.ranges.front();
  EXPECT_GT(rest.offset, 5'000u);
  EXPECT_EQ(rest.end(), 50'000u);
  members[0]->stall = false;
}

TEST_F(HedgeTest, TheLateOneWinsWhenItAnswersFirst) {
  build_hedged(2);
  auto reader = open_known();
  members[0]->latency = 100ms;
  members[1]->latency = 400ms;
  auto version = film();
  EXPECT_LT(time_of(*reader, 10'000, 1000), 150ms);
  EXPECT_EQ(members[1]->counts.read, 1);
  EXPECT_EQ(members[1]->counts.bytes, 0u);
  EXPECT_EQ(members[1]->counts.running, 0);
}

TEST_F(HedgeTest, TheHandleStaysWithItsMember) {
  build_hedged(3);
  auto reader = open_known();
  members[0]->latency = 200ms;
  EXPECT_TRUE(read(*reader, 10'000, 1000).has_value());
  EXPECT_EQ(extra(), 1u);
  members[0]->latency = 60ms;
  const int before = members[0]->counts.read;
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(read(*reader, i * 1000, 1000).has_value());
  EXPECT_EQ(members[0]->counts.read, before + 5);
}

TEST_F(HedgeTest, NobodyIsAskedForWhatNobodyWaitsFor) {
  build_hedged(2);
  auto reader = open_known();
  members[0]->latency = 1s;
  RequestContext why(Priority::prefetch);
  StringSink sink;
  EXPECT_TRUE(t.run(reader->read(ByteRange(0, 1000), sink, why)).has_value());
  EXPECT_EQ(members[1]->counts.read, 0);
}

TEST_F(HedgeTest, AtMostTenAndFivePercentOfTheRequestsAreExtra) {
  build_hedged(2);
  auto reader = open_known();
  members[0]->piece = 500;
  members[0]->bytes_per_second = 2000;  // each part stops in the middle for a quarter of a second
  for (int i = 0; i < 400; ++i) {
    EXPECT_TRUE(read(*reader, 1000 * (i % 100), 1000).has_value());
  }
  EXPECT_GT(extra(), 10u);
  EXPECT_LE(extra(), 10u + 408u / 20u);
  EXPECT_EQ(static_cast<std::uint64_t>(members[1]->counts.read), extra());
}

TEST_F(HedgeTest, WhatTheSecondIsAskedToShowIsPaidForToo) {
  build_hedged(2);
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(read(*open(), 0, 1000).has_value());
  HeldStart held(8000);
  for (FakeStorage* member : members) member->counts.read = 0;
  for (int i = 0; i < 200; ++i) {
    const auto own = static_cast<MemberIndex>(i % 2);
    members[own]->piece = 500;
    members[own]->bytes_per_second = 2000;  // stops in the middle for a quarter of a second
    members[1 - own]->piece = 10'000;
    members[1 - own]->bytes_per_second = 0;
    auto version = film();
    version->set_held(&held);
    version->set_proven(own);
    EXPECT_TRUE(read(*open(version), 100'000, 1000).has_value());
    version->set_held(nullptr);
  }
  const auto more = static_cast<std::uint64_t>(members[0]->counts.read + members[1]->counts.read - 200);
  EXPECT_GT(more, 10u);
  EXPECT_LE(more, 10u + 220u / 20u);
  EXPECT_EQ(more, extra());
}

TEST_F(HedgeTest, AStandbyIsNotAskedWhileALowerTierCanServe) {
  std::vector<StorageOptions> options(3);
  options[1].tier = 1;
  build_hedged(3, options);
  auto reader = open_known();
  members[0]->latency = 300ms;
  EXPECT_TRUE(read(*reader, 10'000, 1000).has_value());
  EXPECT_EQ(members[1]->counts.read, 0);
  EXPECT_EQ(members[2]->counts.read, 1);
}

TEST_F(HedgeTest, AMemberThatFellSilentIsLeftWithoutSpendingTheBucket) {
  build_hedged(2);
  auto reader = open_known();
  members[0]->stall = true;
  Duration longest{0};
  for (int i = 0; i < 60; ++i) longest = std::max(longest, time_of(*reader, i * 1000, 1000));
  EXPECT_LT(longest, 600ms);
  EXPECT_LE(members[0]->counts.read, 8 + 20) << "it is not asked while it is silent";
  members[0]->stall = false;
  t.pass(1min);
  const int before = members[0]->counts.read;
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(read(*reader, i * 1000, 1000).has_value());
  EXPECT_GE(members[0]->counts.read, before + 5) << "the handle is its member's again";
}

TEST_F(HedgeTest, TheSecondMemberProvesItselfFirst) {
  build_hedged(3);
  auto version = film();
  auto reader = open(version);
  for (int i = 0; i < 8; ++i) EXPECT_TRUE(read(*reader, i * 1000, 1000).has_value());
  HeldStart held(8000);
  version->set_held(&held);
  members[1]->lie_about_bytes = true;
  members[0]->stall = true;
  Timer timer = t.clock.call_at(t.clock.now() + 2s, [this] { members[0]->stall = false; });
  EXPECT_TRUE(read(*reader, 8000, 50'000).has_value());
  EXPECT_EQ(version->standing(1), Version::Standing::divergent);
  EXPECT_EQ(version->last_member(), 2);
  version->set_held(nullptr);
}

TEST_F(HedgeTest, WhoLosesAgainAndAgainBeforeItsUsualTimeIsNotSilent) {
  build_hedged(2);
  auto reader = open_known();
  auto others = open();
  for (int i = 0; i < 8; ++i) EXPECT_TRUE(read(*others, i * 1000, 1000).has_value());
  for (int i = 0; i < 660; ++i) {
    members[0]->latency = i % 30 == 29 ? 100ms : 60ms;  // late, but sooner than the other's usual answer
    EXPECT_TRUE(read(*reader, i % 300 * 1000, 1000).has_value());
  }
  EXPECT_GT(extra(), 15u);
  EXPECT_EQ(members[1]->counts.bytes, 8000u) << "it lost each time";
  EXPECT_EQ(members[1]->counts.probe, 0) << "nobody doubts it";
  EXPECT_LE(*group->status()[1].p95, 60ms) << "what was not waited for is no measurement";
}

TEST_F(HedgeTest, NothingIsAskedOfTheSecondWhenTheFirstDeliversAtThatMoment) {
  build_hedged(2);
  auto reader = open_known();
  members[0]->latency = 70ms;
  RequestContext why(Priority::demand);
  StringSink sink(10'000);
  Flow<Result<void>> flow(t.executor(), reader->read(ByteRange(10'000, 1000), sink, why));
  t.settle();
  t.clock.advance(80ms);  // the answer comes in the turn of the loop that finds the first late
  t.settle();
  ASSERT_TRUE(flow.done());
  EXPECT_TRUE(flow.take().has_value());
  EXPECT_EQ(sink.text, ramp_bytes(10'000, 1000));
  EXPECT_EQ(extra(), 1u) << "the second was about to be asked";
  EXPECT_EQ(members[1]->counts.read, 0);
}

TEST_F(HedgeTest, WhoWonAPartIsHelpedToo) {
  build_hedged(2);
  auto reader = open_known();
  members[0]->stall = true;
  members[1]->bytes_per_second = 100'000;
  members[1]->piece = 1000;
  Timer timer = t.clock.call_at(t.clock.now() + 400ms, [this] {
    members[0]->stall = false;
    members[1]->stall = true;
  });
  EXPECT_LT(time_of(*reader, 0, 50'000), 1200ms);
  members[1]->stall = false;
}

TEST_F(HedgeTest, NothingIsAskedWhenAllHasComeButTheEnd) {
  build_hedged(2);
  auto reader = open_known();
  members[0]->bytes_per_second = 2000;
  EXPECT_TRUE(read(*reader, 10'000, 1000).has_value());
  EXPECT_EQ(extra(), 0u);
  EXPECT_EQ(members[1]->counts.read, 0);
}

TEST_F(HedgeTest, AFailureOfTheSecondLeavesThePartToTheFirst) {
  build_hedged(2);
  auto reader = open_known();
  members[0]->latency = 400ms;
  members[1]->fail_read = refused();
  EXPECT_TRUE(read(*reader, 10'000, 1000).has_value());
  EXPECT_EQ(members[0]->counts.read, 9);
  EXPECT_EQ(members[1]->counts.read, 1);
}

TEST_F(HedgeTest, AFailureOfTheFirstLeavesThePartToTheSecond) {
  build_hedged(2);
  auto reader = open_known();
  members[0]->latency = 150ms;
  members[1]->latency = 400ms;
  members[0]->fail_read = refused();
  EXPECT_TRUE(read(*reader, 10'000, 1000).has_value());
  EXPECT_EQ(members[1]->counts.read, 1) << "it was asked already";
}

TEST_F(HedgeTest, ACancelledReadLeavesNothingBehind) {
  build_hedged(2);
  auto reader = open_known();
  members[0]->stall = members[1]->stall = true;
  for (const Duration when : {0ms, 40ms, 100ms, 400ms}) {
    RequestContext why(Priority::demand);
    StringSink sink;
    Flow<Result<void>> flow(t.executor(), reader->read(ByteRange(0, 1000), sink, why));
    t.pass(when, 5ms);
    flow.cancel();
    t.settle();
    ASSERT_TRUE(flow.done());
    EXPECT_EQ(flow.take().error().kind, ErrorKind::cancelled);
    for (const MemberStatus& status : group->status()) EXPECT_EQ(status.running, 0u);
  }
}

TEST_F(HedgeTest, EveryByteIsRightWhateverTheInterleaving) {
  EXPECT_TRUE(rc::check("hedged reads are right while one member is sound", [this] {
    members.clear();
    if (group) t.run_void(group->close());
    build_hedged(2);
    auto reader = open_known();
    for (int i = 0; i < 5; ++i) {
      for (FakeStorage* member : members) {
        member->latency = std::chrono::milliseconds(*rc::gen::inRange(0, 300));
        member->bytes_per_second = *rc::gen::inRange(20'000, 2'000'000);
        member->piece = *rc::gen::inRange<std::size_t>(100, 20'000);
      }
      members[0]->cut_read_at.reset();
      if (*rc::gen::arbitrary<bool>()) members[0]->cut_read_at = *rc::gen::inRange(0, 100'000);
      const auto offset = *rc::gen::inRange<std::uint64_t>(0, 50'000);
      const auto count = *rc::gen::inRange<std::uint64_t>(1, 50'000);
      RC_ASSERT(read(*reader, offset, count).has_value());
      RC_ASSERT(text == ramp_bytes(offset, count));
    }
  }));
}

}  // namespace
}  // namespace balancefs::test
