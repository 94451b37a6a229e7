// Members with limits: who waits, for how long, and that waiting is never held against anybody.
#include <deque>

#include "group_fixture.h"

namespace balancefs::test {
namespace {

constexpr std::uint64_t kKiB = 1024;

LimitOptions at_once(std::uint32_t connections) {
  LimitOptions limits;
  limits.max_connections = connections;
  return limits;
}

class RouteLimitsTest : public GroupFixture {
 protected:
  void build_limited(std::size_t count, LimitOptions limits, GroupOptions rules = {}) {
    std::vector<StorageOptions> options(count);
    for (StorageOptions& storage : options) storage.limits = limits;
    build(count, options, std::move(rules));
  }

  /// A read of a handle of its own, under way.
  struct Read {
    std::shared_ptr<Version> version;
    std::unique_ptr<ObjectReader> reader;
    StringSink sink;
    RequestContext why{Priority::demand};
    std::unique_ptr<Flow<Result<void>>> flow;
  };
  Read& begin(std::uint64_t count, std::uint64_t offset = 0, std::shared_ptr<Version> version = nullptr,
              Priority priority = Priority::demand) {
    Read& read = reads.emplace_back();
    read.why = RequestContext(priority);
    read.version = version ? version : film();
    read.reader = open(read.version);
    read.sink = StringSink(offset);
    read.flow = std::make_unique<Flow<Result<void>>>(
        t.executor(), read.reader->read(ByteRange(offset, count), read.sink, read.why));
    t.settle();
    return read;
  }
  void finish_all(Duration limit = 10min) {
    t.pass(limit, 500ms);
    for (Read& read : reads) {
      ASSERT_TRUE(read.flow->done());
      const Result<void> outcome = read.flow->take();
      EXPECT_TRUE(outcome.has_value()) << outcome.error().text;
    }
  }
  std::uint32_t waiting(MemberIndex member) { return group->status()[member].waiting; }

  std::deque<Read> reads;
};

TEST_F(RouteLimitsTest, NoMoreRequestsAtOnceThanTheMemberMayHave) {
  build_limited(1, at_once(4));
  members[0]->latency = 300ms;
  for (int i = 0; i < 20; ++i) begin(50'000);
  EXPECT_EQ(members[0]->counts.running, 4);
  EXPECT_EQ(waiting(0), 16u);
  finish_all();
  EXPECT_EQ(members[0]->counts.most_running, 4);
  EXPECT_EQ(members[0]->counts.read, 20);
}

TEST_F(RouteLimitsTest, MembersBelowTheirLimitsComeFirstThenQueuesAreWaitedFor) {
  std::vector<StorageOptions> options(2);
  options[0].limits = at_once(1);
  options[1].limits = at_once(3);
  build(2, options);
  for (FakeStorage* member : members) member->latency = 1s;
  for (int i = 0; i < 4; ++i) begin(1000);
  EXPECT_EQ(members[0]->counts.running, 1);
  EXPECT_EQ(members[1]->counts.running, 3);
  begin(1000);
  EXPECT_EQ(waiting(0) + waiting(1), 1u);
  finish_all();
}

TEST_F(RouteLimitsTest, AStandbyTierDoesNotServeBecauseTheOthersAreBusy) {
  std::vector<StorageOptions> options(2);
  options[0].limits = at_once(1);
  options[1].tier = 1;
  build(2, options);
  members[0]->latency = 1s;
  for (int i = 0; i < 3; ++i) begin(1000);
  finish_all();
  EXPECT_EQ(members[0]->counts.read, 3);
  EXPECT_EQ(members[1]->counts.read, 0);
}

TEST_F(RouteLimitsTest, TimeInTheQueueIsNeverAStall) {
  build_limited(2, at_once(1));
  members[0]->bytes_per_second = 20'000;
  begin(400'000);  // 20 s
  begin(1000);
  Read& queued = begin(1000, 0, film({0}));
  t.pass(15s);
  EXPECT_FALSE(queued.flow->done());
  EXPECT_EQ(waiting(0), 1u);
  finish_all();
  EXPECT_EQ(queued.version->last_member(), 0);
  EXPECT_EQ(state(0), HealthState::closed);
  EXPECT_LT(group->status()[0].p95.value_or(Duration(0)), 1s) << "nor a late first byte";
}

TEST_F(RouteLimitsTest, AReadsDeadlineHoldsInTheQueueAndBlamesNobody) {
  build_limited(1, at_once(1));
  members[0]->bytes_per_second = 4'000;
  members[0]->piece = 2000;
  Read& long_one = begin(400'000);  // 100 s
  const TimePoint begun = t.clock.now();
  for (int i = 0; i < 4; ++i) begin(1000);
  t.pass(61s, 500ms);
  for (std::size_t i = 1; i < reads.size(); ++i) {
    ASSERT_TRUE(reads[i].flow->done()) << i;
    const Result<void> outcome = reads[i].flow->take();
    ASSERT_FALSE(outcome.has_value());
    const Error error = outcome.error();
    EXPECT_EQ(error.detail, Error::Detail::not_ours);
    EXPECT_NE(error.text.find("limits"), std::string::npos) << error.text;
  }
  EXPECT_GE(t.clock.now() - begun, 60s);
  EXPECT_EQ(members[0]->counts.read, 1);
  EXPECT_EQ(state(0), HealthState::closed);
  t.pass(60s, 500ms);
  EXPECT_TRUE(long_one.flow->take().has_value());
}

TEST_F(RouteLimitsTest, WhatNobodyWaitsForYetMayQueueLongerAndHasAllItsTimeWhenSomebodyDoes) {
  build_limited(1, at_once(1));
  members[0]->bytes_per_second = 4'000;
  members[0]->piece = 2000;
  begin(400'000);  // 100 s
  Read& ahead = begin(500, 0, nullptr, Priority::prefetch);
  t.pass(80s, 500ms);
  EXPECT_FALSE(ahead.flow->done());
  ahead.why.priority = Priority::demand;
  ahead.why.awaited = true;
  finish_all();
}

TEST_F(RouteLimitsTest, ACancelledReadLeavesTheQueue) {
  build_limited(1, at_once(1));
  members[0]->latency = 1s;
  begin(1000);
  Read& cancelled = begin(1000);
  Read& next = begin(1000);
  cancelled.flow->cancel();
  t.pass(2s);
  EXPECT_EQ(cancelled.flow->take().error().kind, ErrorKind::cancelled);
  EXPECT_EQ(members[0]->counts.read, 2);
  EXPECT_TRUE(next.flow->take().has_value());
  EXPECT_TRUE(reads.front().flow->take().has_value());
}

TEST_F(RouteLimitsTest, WhoWaitsForAMemberThatIsTakenOutMovesOnWithoutAskingIt) {
  build_limited(2, at_once(1));
  members[0]->latency = 2s;
  members[1]->latency = 1s;
  members[1]->fail_read = refused();
  begin(1000, 0, film({0}));
  for (int i = 0; i < 3; ++i) begin(1000, 0, film({1}));
  begin(1000);
  Read& queued = begin(500, 77'000);
  ASSERT_EQ(waiting(1), 3u);
  t.pass(3500ms);
  ASSERT_EQ(state(1), HealthState::open) << "by the three before it";
  members[1]->fail_read.reset();
  finish_all();
  EXPECT_EQ(queued.version->last_member(), 0);
  for (const ByteRange& range : members[1]->counts.ranges) EXPECT_EQ(range.offset, 0u);
}

TEST_F(RouteLimitsTest, WhoWaitsForAMemberThatIsThrottledMovesOnWithoutAskingIt) {
  build_limited(2, at_once(1));
  members[0]->latency = 5s;
  members[1]->latency = 10s;
  begin(1000);
  begin(1000);
  Read& queued = begin(1000);
  ASSERT_EQ(waiting(1), 1u);
  t.pass(6s);
  members[0]->latency = 0s;
  members[1]->fail_everything = throttled(120s);
  t.pass(5s);
  EXPECT_TRUE(queued.flow->done());
  EXPECT_EQ(members[1]->counts.read, 1);
  finish_all();
}

TEST_F(RouteLimitsTest, BandwidthHoldsAndTwentyReadersAllGetOn) {
  LimitOptions limits;
  limits.bandwidth = 256 * kKiB;
  build_limited(1, limits);
  for (int i = 0; i < 20; ++i) begin(300'000);
  const TimePoint begun = t.clock.now();
  for (int second = 1; second <= 20; ++second) {
    t.pass(1s);
    const double seconds = std::chrono::duration<double>(t.clock.now() - begun).count();
    EXPECT_LE(static_cast<double>(members[0]->counts.bytes), 256 * kKiB * (seconds + 1) + 128 * kKiB);
  }
  EXPECT_GE(members[0]->counts.bytes, 256 * kKiB * 19) << "and it is used";
  for (Read& read : reads) EXPECT_GE(read.sink.text.size(), 128 * kKiB) << "they take turns";
  finish_all();
}

TEST_F(RouteLimitsTest, RequestsPerSecondHold) {
  LimitOptions limits;
  limits.requests_per_second = 5;
  build_limited(1, limits);
  for (int i = 0; i < 30; ++i) begin(1000);
  EXPECT_EQ(members[0]->counts.read, 5);
  t.pass(2s);
  EXPECT_EQ(members[0]->counts.read, 15);
  finish_all();
}

TEST_F(RouteLimitsTest, StoragesOfOneAccountShareItsLimits) {
  std::vector<StorageOptions> options(3);
  for (StorageOptions& storage : options) storage.limits = at_once(2);
  options[0].account = options[1].account = "provider";
  build(3, options);
  for (FakeStorage* member : members) member->latency = 1s;
  for (int i = 0; i < 4; ++i) begin(1000);
  EXPECT_EQ(members[0]->counts.running + members[1]->counts.running, 2);
  EXPECT_EQ(members[2]->counts.running, 2);
  finish_all();
}

TEST_F(RouteLimitsTest, AMemberThatServesNoRangesIsNotAskedPieceByPiece) {
  LimitOptions limits;
  limits.bandwidth = 64 * kKiB;
  build_limited(1, limits);
  members[0]->no_ranges = true;
  auto version = film();
  auto reader = open(version);
  ASSERT_TRUE(read(*reader, 0, 1000).has_value());
  EXPECT_TRUE(read(*reader, 1000, 300'000).has_value());
  EXPECT_EQ(members[0]->counts.read, 3) << "the second was refused";
  EXPECT_EQ(members[0]->counts.ranges.back(), ByteRange(0, 301'000)) << "from the start, once";
}

// ---- stripes and hedges ---------------------------------------------------------------------------------

TEST_F(RouteLimitsTest, PartsOfAStripeGoToMembersThatAreFree) {
  GroupOptions rules;
  rules.stripe = true;
  build_limited(3, at_once(1), rules);
  for (FakeStorage* member : members) member->latency = 100ms;
  const auto version = film();
  for (std::uint64_t part = 0; part < 3; ++part) begin(1000, part * 1000, version);
  for (FakeStorage* member : members) EXPECT_EQ(member->counts.running, 1);
  finish_all();
}

TEST_F(RouteLimitsTest, APartOfAStripeThatWaitsGoesToWhoeverIsFreeFirst) {
  GroupOptions rules;
  rules.stripe = true;
  build_limited(2, at_once(1), rules);
  members[0]->latency = members[1]->latency = 100ms;
  const auto version = film();
  for (int i = 0; i < 2; ++i) begin(1000, 0, version);
  members[0]->stall = true;
  for (std::uint64_t part = 1; part < 6; ++part) begin(1000, part * 1000, version);
  t.pass(2s);
  for (std::size_t i = 2; i < reads.size(); ++i) EXPECT_TRUE(reads[i].flow->done()) << i;
  members[0]->stall = false;
  finish_all();
}

TEST_F(RouteLimitsTest, AHedgeNeverWaitsForALimit) {
  GroupOptions rules;
  rules.hedge = true;
  std::vector<StorageOptions> options(2);
  options[1].limits = at_once(1);
  build(2, options, rules);
  members[1]->latency = 20s;
  const auto busy = film({1});
  begin(1000, 0, busy);
  members[0]->latency = 1s;
  begin(1000);
  t.pass(900ms);
  EXPECT_EQ(waiting(1), 0u) << "late, but the other has no place for it";
  EXPECT_EQ(group->status()[1].extra, 0u);
  finish_all();
}

// ---- names ----------------------------------------------------------------------------------------------

TEST_F(RouteLimitsTest, ListingsCountAndWait) {
  build_limited(1, at_once(1));
  members[0]->latency = 1s;
  begin(1000);
  CollectingListing listing;
  RequestContext why;
  const TimePoint begun = t.clock.now();
  EXPECT_TRUE(t.run(group->list(Path(), listing, why)).has_value());
  EXPECT_EQ(t.clock.now() - begun, 2s);
  EXPECT_EQ(members[0]->counts.most_running, 1);
  finish_all();
}

TEST_F(RouteLimitsTest, AListingWhoseTimeEndsInTheQueueIsUnknownAndBlamesNobody) {
  build_limited(1, at_once(1));
  members[0]->bytes_per_second = 20'000;
  begin(400'000);  // 20 s
  for (int i = 0; i < 4; ++i) {
    CollectingListing listing;
    RequestContext why;
    why.deadline = t.clock.now() + 2s;
    const auto outcome = t.run(group->list(Path(), listing, why), 3s);
    ASSERT_FALSE(outcome.has_value());
    EXPECT_EQ(outcome.error().detail, Error::Detail::not_ours);
  }
  EXPECT_EQ(state(0), HealthState::closed);
  EXPECT_EQ(members[0]->counts.list, 0);
  finish_all();
}

TEST_F(RouteLimitsTest, AttributesAreAskedOfTheNextWhenTheFirstHasNoPlaceFor3Seconds) {
  build_limited(2, at_once(1));
  members[0]->bytes_per_second = 20'000;
  begin(400'000);  // 20 s
  RequestContext why;
  const TimePoint begun = t.clock.now();
  EXPECT_TRUE(t.run(group->stat(*Path::parse("film"), why)).has_value());
  EXPECT_EQ(why.served_by, 1);
  EXPECT_EQ(t.clock.now() - begun, 3s);
  EXPECT_EQ(state(0), HealthState::closed);
  finish_all();
}

TEST_F(RouteLimitsTest, ProbesDoNotWait) {
  build_limited(1, at_once(1));
  members[0]->latency = 10s;
  begin(1000);
  RequestContext why(Priority::probe);
  members[0]->latency = 0s;
  EXPECT_TRUE(t.run(group->probe(why), 1s).has_value());
  finish_all();
}

}  // namespace
}  // namespace balancefs::test
