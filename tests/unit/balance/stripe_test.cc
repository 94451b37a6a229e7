// A stripe: the parts of one handle over all members, and what becomes of those that are late.
#include <rapidcheck.h>

#include <deque>

#include "group_fixture.h"

namespace balancefs::test {
namespace {

constexpr std::uint64_t kPart = 64'000;

class StripeTest : public GroupFixture {
 protected:
  /// One part under way, as src/io has several.
  struct Part {
    RequestContext why;
    StringSink sink;
    Flow<Result<void>> flow;
    Part(StripeTest& test, ObjectReader& reader, std::uint64_t offset, std::uint64_t count, Priority kind)
        : why(kind),
          sink(offset),
          flow(test.t.executor(), reader.read(ByteRange(offset, count), sink, why)) {}
  };

  void build_stripe(std::size_t count, std::vector<StorageOptions> options = {}) {
    GroupOptions rules;
    rules.stripe = true;
    build(count, std::move(options), rules);
    for (FakeStorage* member : members) member->add_file("film", kFileSize);
  }
  std::unique_ptr<Part> begin(ObjectReader& reader, std::uint64_t offset, std::uint64_t count,
                              Priority kind = Priority::prefetch) {
    auto part = std::make_unique<Part>(*this, reader, offset, count, kind);
    t.settle();
    return part;
  }
  void expect_right(Part& part, std::uint64_t offset, std::uint64_t count) {
    ASSERT_TRUE(part.flow.done());
    EXPECT_TRUE(part.flow.take().has_value());
    EXPECT_EQ(part.sink.text, ramp_bytes(offset, count));
  }
  /// Brings members to rates and reads one part of each.
  void get_to_know(ObjectReader& reader, std::uint64_t bytes_per_second = 1'000'000) {
    for (FakeStorage* member : members) {
      member->bytes_per_second = bytes_per_second;
      member->piece = 4000;
      member->latency = 20ms;
    }
    for (int i = 0; i < 8; ++i) {
      std::vector<std::unique_ptr<Part>> parts;
      for (std::size_t k = 0; k < members.size(); ++k) parts.push_back(begin(reader, k * 20'000, 20'000));
      t.pass(2s, 10ms);
      for (std::size_t k = 0; k < parts.size(); ++k) expect_right(*parts[k], k * 20'000, 20'000);
    }
    for (FakeStorage* member : members) member->counts = FakeStorage::Counts();
  }
};

// ---- who gets which part --------------------------------------------------------------------------------

TEST_F(StripeTest, ThePartsOfOneHandleAreSpreadOverAllMembers) {
  build_stripe(3);
  auto reader = open();
  for (FakeStorage* member : members) member->latency = 50ms;
  std::vector<std::unique_ptr<Part>> parts;
  for (std::uint64_t i = 0; i < 6; ++i) parts.push_back(begin(*reader, i * kPart, kPart));
  for (FakeStorage* member : members) EXPECT_EQ(member->counts.read, 2);
  t.pass(1s, 10ms);
  for (std::uint64_t i = 0; i < 6; ++i) expect_right(*parts[i], i * kPart, kPart);
}

class StripeTurns : public StripeTest, public testing::WithParamInterface<int> {};

// Also when that becomes known between the choice of a member and its request.
TEST_P(StripeTurns, MembersFoundWithoutRangesSendNoWholeFile) {
  build_stripe(3);
  auto reader = open();
  get_to_know(*reader);
  members[0]->no_ranges = members[1]->no_ranges = true;
  members[1]->turns = GetParam();
  auto first = begin(*reader, kPart, kPart);
  auto second = begin(*reader, 2 * kPart, kPart);
  auto long_one = begin(*reader, 3 * kPart, kFileSize - 3 * kPart);  // so that the third is no first choice
  t.pass(2s, 10ms);
  expect_right(*first, kPart, kPart);
  expect_right(*second, 2 * kPart, kPart);
  expect_right(*long_one, 3 * kPart, kFileSize - 3 * kPart);
  for (const MemberIndex refusing : {0, 1}) {
    for (const ByteRange& range : members[refusing]->counts.ranges) EXPECT_GT(range.offset, 0u) << refusing;
  }
}

INSTANTIATE_TEST_SUITE_P(UpTo, StripeTurns, testing::Range(0, 16));

TEST_F(StripeTest, SingleReadsOfManyHandlesAreSpreadToo) {
  build_stripe(3);
  for (FakeStorage* member : members) member->latency = 50ms;
  for (const int share : shares(12)) EXPECT_EQ(share, 4);
}

TEST_F(StripeTest, TheFasterGivesMoreAndTheSlowerGiveToo) {
  build_stripe(3);
  auto version = film();
  auto reader = open(version);
  const std::uint64_t rates[] = {400'000, 200'000, 200'000};
  for (std::size_t i = 0; i < 3; ++i) {
    members[i]->bytes_per_second = rates[i];
    members[i]->piece = 4000;
    members[i]->latency = 20ms;
  }
  std::deque<std::unique_ptr<Part>> parts;
  for (int step = 0; step < 2000; ++step) {
    while (parts.size() < 6) parts.push_back(begin(*reader, 0, 40'000));
    t.pass(10ms, 10ms);
    while (!parts.empty() && parts.front()->flow.done()) {
      expect_right(*parts.front(), 0, 40'000);
      parts.pop_front();
    }
  }
  t.pass(5s);
  while (!parts.empty()) {
    expect_right(*parts.front(), 0, 40'000);
    parts.pop_front();
  }
  const double all =
      static_cast<double>(members[0]->counts.bytes + members[1]->counts.bytes + members[2]->counts.bytes);
  EXPECT_GT(static_cast<double>(members[0]->counts.bytes), all / 3);
  EXPECT_GT(static_cast<double>(members[1]->counts.bytes), all / 20);
  EXPECT_GT(static_cast<double>(members[2]->counts.bytes), all / 20);
}

TEST_F(StripeTest, StandbyDrainedThrottledAndOpenMembersGetNoParts) {
  std::vector<StorageOptions> options(5);
  options[1].tier = 1;
  options[2].enabled = false;
  build_stripe(5, options);
  eject(3);
  members[4]->fail_read = throttled(60s);
  auto reader = open();
  while (members[4]->counts.read == 0) EXPECT_TRUE(read(*reader, 0, 1000).has_value());
  members[4]->counts.read = 0;
  std::vector<std::unique_ptr<Part>> parts;
  for (std::uint64_t i = 0; i < 6; ++i) parts.push_back(begin(*reader, i * kPart, kPart));
  t.pass(1s);
  for (std::uint64_t i = 0; i < 6; ++i) expect_right(*parts[i], i * kPart, kPart);
  for (const int other : {1, 2, 3, 4}) EXPECT_EQ(members[other]->counts.read, 0);
}

TEST_F(StripeTest, AStandbyServesWhenNoOtherCan) {
  std::vector<StorageOptions> options(2);
  options[1].tier = 1;
  build_stripe(2, options);
  eject(0);
  auto reader = open();
  EXPECT_TRUE(read(*reader, 0, 1000).has_value());
  EXPECT_EQ(members[1]->counts.read, 1);
}

TEST_F(StripeTest, AllOpenMembersAreStillTried) {
  build_stripe(2);
  eject(0);
  eject(1);
  auto reader = open();
  EXPECT_TRUE(read(*reader, 0, 1000).has_value());
}

// ---- members that fail ----------------------------------------------------------------------------------

TEST_F(StripeTest, APartGoesOnElsewhereAtTheSameByteAndTheMemberRests) {
  build_stripe(2);
  auto reader = open();
  members[0]->cut_read_at = 30'000;
  EXPECT_TRUE(read(*reader, 0, kPart).has_value());
  EXPECT_EQ(members[0]->counts.read, 1);
  EXPECT_EQ(members[1]->counts.ranges.front(), ByteRange(30'000, kPart - 30'000));
  for (int i = 0; i < 6; ++i) EXPECT_TRUE(read(*reader, 0, 1000).has_value());
  EXPECT_EQ(members[0]->counts.read, 1) << "it failed for this handle a moment ago";
  members[0]->cut_read_at.reset();
  t.pass(6s);
  for (int i = 0; i < 6; ++i) EXPECT_TRUE(read(*reader, 0, 1000).has_value());
  EXPECT_GT(members[0]->counts.read, 1);
}

TEST_F(StripeTest, TheRestOfAMemberThatFailsAgainAndAgainGrowsAndIsForgottenWithASuccess) {
  build_stripe(2);
  auto reader = open();
  const auto asked_after = [&](Duration time) {
    t.pass(time);
    const int before = members[0]->counts.read;
    for (int i = 0; i < 4; ++i) EXPECT_TRUE(read(*reader, 0, 1000).has_value());
    return members[0]->counts.read > before;
  };
  members[0]->fail_read = Error(ErrorKind::denied, "403");
  EXPECT_TRUE(asked_after(0s));
  EXPECT_TRUE(asked_after(6s));
  EXPECT_FALSE(asked_after(6s)) << "10 s by now";
  members[0]->fail_read.reset();
  EXPECT_TRUE(asked_after(6s));
  members[0]->fail_read = Error(ErrorKind::denied, "403");
  EXPECT_TRUE(asked_after(1s));
  members[0]->fail_read.reset();
  EXPECT_TRUE(asked_after(6s)) << "5 s again";
}

TEST_F(StripeTest, AStallingMemberCostsLessThanHalfASecond) {
  for (const int silent : {0, 1, 2}) {
    SCOPED_TRACE(silent);
    members.clear();
    if (group) t.run_void(group->close());
    build_stripe(3);
    auto reader = open();
    get_to_know(*reader);
    std::vector<std::unique_ptr<Part>> parts;
    for (std::uint64_t i = 0; i < 6; ++i) parts.push_back(begin(*reader, i * kPart, kPart));
    t.pass(30ms, 10ms);
    members[silent]->stall = true;
    Duration longest{0};
    for (std::uint64_t i = 0; i < 6; ++i) {
      const TimePoint begun = t.clock.now();
      parts[i]->why.awaited = true;
      while (!parts[i]->flow.done()) t.pass(5ms, 5ms);
      longest = std::max(longest, t.clock.now() - begun);
      expect_right(*parts[i], i * kPart, kPart);
    }
    EXPECT_LT(longest, 500ms);
    EXPECT_EQ(state(silent), HealthState::closed) << "late is no failure";
    members[silent]->stall = false;
    t.pass(1s);
  }
}

TEST_F(StripeTest, ASilentMemberGetsNothingNewForAWhile) {
  build_stripe(2);
  auto reader = open();
  get_to_know(*reader);
  members[0]->stall = true;
  while (members[0]->counts.read == 0) EXPECT_TRUE(read(*reader, 0, 20'000).has_value());
  for (int i = 0; i < 8; ++i) EXPECT_TRUE(read(*reader, 0, 20'000).has_value());
  EXPECT_LE(members[0]->counts.read, 2);
  EXPECT_EQ(members[0]->counts.probe, 1) << "whether it lives is found out in the background";
}

TEST_F(StripeTest, WhoNeverAnswersAgainIsOutOfRotationInTheEnd) {
  build_stripe(2);
  auto reader = open();
  get_to_know(*reader);
  members[0]->stall = true;
  for (int i = 0; i < 400 && state(0) == HealthState::closed; ++i) {
    const auto part = begin(*reader, 0, 20'000);
    t.pass(400ms, 10ms);
    part->why.awaited = true;
    t.pass(400ms, 10ms);
    expect_right(*part, 0, 20'000);
  }
  EXPECT_NE(state(0), HealthState::closed);
  EXPECT_EQ(state(1), HealthState::closed);
  members[0]->stall = false;
}

TEST_F(StripeTest, APartThatNobodyWaitsForIsNotAskedTwice) {
  build_stripe(2);
  auto reader = open();
  get_to_know(*reader);
  members[0]->stall = members[1]->stall = true;
  const auto part = begin(*reader, 0, 20'000);
  t.pass(2s);
  EXPECT_EQ(members[0]->counts.read + members[1]->counts.read, 1);
  part->why.awaited = true;
  t.pass(50ms, 5ms);
  EXPECT_EQ(members[0]->counts.read + members[1]->counts.read, 2) << "at once: it was late already";
  members[0]->stall = members[1]->stall = false;
  t.pass(2s);
  expect_right(*part, 0, 20'000);
}

TEST_F(StripeTest, ASlowMemberIsNeverLongInFrontOfTheReader) {
  build_stripe(2);
  auto reader = open();
  get_to_know(*reader);
  members[0]->bytes_per_second = members[1]->bytes_per_second = 2000;
  const auto part = begin(*reader, 0, kPart, Priority::demand);
  const int slow = members[0]->counts.read == 1 ? 0 : 1;
  members[1 - slow]->bytes_per_second = 1'000'000;
  const TimePoint begun = t.clock.now();
  while (!part->flow.done()) t.pass(10ms, 10ms);
  EXPECT_LT(t.clock.now() - begun, 3s) << "alone it would take half a minute";
  expect_right(*part, 0, kPart);
  EXPECT_EQ(state(slow), HealthState::closed);
}

TEST_F(StripeTest, APartThatIsSlowEverywhereMovesToEachMemberOnce) {
  build_stripe(2);
  auto reader = open();
  get_to_know(*reader);
  members[0]->bytes_per_second = members[1]->bytes_per_second = 20'000;
  const auto part = begin(*reader, 0, kPart, Priority::demand);
  t.pass(5s, 10ms);
  expect_right(*part, 0, kPart);
  EXPECT_LE(members[0]->counts.read + members[1]->counts.read, 2);
}

TEST_F(StripeTest, WhenNobodyAnswersEachIsAskedOnceForALatePart) {
  build_stripe(3);
  auto reader = open();
  get_to_know(*reader);
  for (FakeStorage* member : members) member->stall = true;
  const auto part = begin(*reader, 0, 20'000, Priority::demand);
  t.pass(2900ms, 25ms);
  for (FakeStorage* member : members) EXPECT_LE(member->counts.read, 1);
  for (FakeStorage* member : members) member->stall = false;
  t.pass(2s);
  expect_right(*part, 0, 20'000);
}

TEST_F(StripeTest, ACancelledPartLeavesNothingBehind) {
  build_stripe(3);
  auto reader = open();
  get_to_know(*reader);
  for (FakeStorage* member : members) member->stall = true;
  for (const Duration when : {0ms, 10ms, 200ms, 400ms, 1000ms}) {
    const auto part = begin(*reader, 0, 20'000, Priority::demand);
    t.pass(when, 5ms);
    part->flow.cancel();
    t.settle();
    ASSERT_TRUE(part->flow.done());
    EXPECT_EQ(part->flow.take().error().kind, ErrorKind::cancelled);
    for (const MemberStatus& status : group->status()) EXPECT_EQ(status.running, 0u);
  }
}

// ---- never a wrong byte ---------------------------------------------------------------------------------

TEST_F(StripeTest, MembersProveThemselvesBeforeTheirBytesAreBelieved) {
  build_stripe(3);
  auto version = film();
  HeldStart held(70'000);
  auto reader = open(version);
  members[1]->lie_about_bytes = true;
  for (FakeStorage* member : members) member->latency = 50ms;
  std::vector<std::unique_ptr<Part>> parts;
  for (std::uint64_t i = 0; i < 6; ++i) parts.push_back(begin(*reader, i * kPart, kPart));
  version->set_held(&held);
  t.pass(2s, 10ms);
  for (std::uint64_t i = 0; i < 6; ++i) expect_right(*parts[i], i * kPart, kPart);
  EXPECT_EQ(version->standing(1), Version::Standing::divergent);
  EXPECT_EQ(version->standing(0), Version::Standing::proven);
  version->set_held(nullptr);
}

TEST_F(StripeTest, EveryByteIsRightWhateverMembersDo) {
  EXPECT_TRUE(rc::check("parts of a stripe are right while one member is sound", [this] {
    members.clear();
    if (group) t.run_void(group->close());
    build_stripe(3);
    auto reader = open();
    const auto sound = *rc::gen::inRange<std::size_t>(0, 3);
    for (FakeStorage* member : members) {
      member->latency = std::chrono::milliseconds(*rc::gen::inRange(0, 400));
      member->bytes_per_second = *rc::gen::inRange(50'000, 2'000'000);
      member->piece = *rc::gen::inRange<std::size_t>(4000, 20'000);
    }
    std::vector<std::unique_ptr<Part>> parts;
    for (std::uint64_t i = 0; i < 6; ++i) parts.push_back(begin(*reader, i * kPart, kPart));
    for (std::uint64_t i = 0; i < 6; ++i) {
      const auto other = *rc::gen::inRange<std::size_t>(0, 3);
      if (other != sound) {
        members[other]->stall = *rc::gen::arbitrary<bool>();
        members[other]->cut_read_at.reset();
        if (*rc::gen::arbitrary<bool>()) members[other]->cut_read_at = *rc::gen::inRange(0, 400'000);
      }
      parts[i]->why.awaited = true;
      t.pass(std::chrono::milliseconds(*rc::gen::inRange(0, 700)), 20ms);
    }
    t.pass(60s, 100ms);
    for (std::uint64_t i = 0; i < 6; ++i) {
      RC_ASSERT(parts[i]->flow.done());
      RC_ASSERT(parts[i]->flow.take().has_value());
      RC_ASSERT(parts[i]->sink.text == ramp_bytes(i * kPart, kPart));
    }
  }));
}

// ---- the rotation ---------------------------------------------------------------------------------------

TEST_F(StripeTest, AMemberCountsAsOpenedOnceForEachHandle) {
  build_stripe(2);
  auto reader = open();
  get_to_know(*reader);
  for (const MemberStatus& status : group->status()) EXPECT_EQ(status.opens, 1u);
}

}  // namespace
}  // namespace balancefs::test
