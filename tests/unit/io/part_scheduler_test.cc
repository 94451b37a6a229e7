#include "io/part_scheduler.h"

#include "io/block_cache.h"
#include "support/fake_storage.h"
#include "unit/io/reading.h"

namespace balancefs::test {
namespace {

using namespace std::chrono_literals;
using Interest = PartHold::Interest;

class PartSchedulerTest : public testing::Test {
 protected:
  PartSchedulerTest() {
    storage.add_file("file", 10 * kMiB + 5, 7);
    const ObjectInfo info = storage.nodes["file"].info;
    version = std::make_shared<Version>(1, *Path::parse("file"), std::vector<ObjectInfo>(1, info));
    set = cache.open(version);
    source = storage.open(version, 0);
    storage.latency = 10ms;
  }
  ~PartSchedulerTest() override {
    t.run_void(parts.close());
    EXPECT_EQ(parts.running(), 0u);
    EXPECT_EQ(budget.used(), cache.idle_frames()) << "a grant or a pin is left";
    cache.close(*set);
    set.reset();
  }
  PartHold start(std::uint64_t from, std::uint64_t to, Interest interest) {
    auto part = parts.start(PartSource(source, meter), set, claim_run(*set, budget, from, to), interest);
    return PartHold(std::move(part), interest);
  }

  TestLoop t;
  FakeStorage storage{"/pt", t.executor(), t.clock};
  MemoryBudget budget{64, t.clock, 60s};
  BlockCache cache{budget};
  PartScheduler parts{t.executor(), t.clock};
  std::shared_ptr<LineMeter> meter = std::make_shared<LineMeter>();
  std::shared_ptr<Version> version;
  std::shared_ptr<BlockSet> set;
  std::shared_ptr<ObjectReader> source;
};

TEST_F(PartSchedulerTest, APartFillsItsUnitsAndThenHoldsNoMemory) {
  const PartHold hold = start(32 * kKiB, 320 * kKiB, Interest::demand);
  EXPECT_EQ(parts.frames_in_flight(), 3u);
  t.pass(20ms, 10ms);
  ASSERT_TRUE(hold.part()->ended());
  EXPECT_FALSE(hold.part()->failed());
  EXPECT_EQ(set->readable_until(32 * kKiB, kMiB), 320 * kKiB);
  EXPECT_TRUE(set->missing(0));
  EXPECT_EQ(parts.frames_in_flight(), 0u);
  EXPECT_EQ(cache.idle_frames(), 3u);
}

TEST_F(PartSchedulerTest, TheLastUnitOfAFileIsShort) {
  const PartHold hold = start(10 * kMiB, 11 * kMiB, Interest::demand);
  EXPECT_EQ(hold.part()->range(), ByteRange(10 * kMiB, 5));
  t.pass(20ms, 10ms);
  EXPECT_EQ(set->readable_until(10 * kMiB, 10 * kMiB + 5), 10 * kMiB + 5);
}

TEST_F(PartSchedulerTest, AClaimStopsAtWhatIsHeldOrUnderWay) {
  const PartHold hold = start(256 * kKiB, 288 * kKiB, Interest::demand);
  EXPECT_EQ(claim_run(*set, budget, 0, kMiB).range, ByteRange(0, 256 * kKiB));
  EXPECT_TRUE(claim_run(*set, budget, 256 * kKiB, kMiB).range.empty());
  t.pass(20ms, 10ms);
  EXPECT_EQ(claim_run(*set, budget, 0, kMiB).range, ByteRange(0, 256 * kKiB));
  EXPECT_EQ(claim_run(*set, budget, 288 * kKiB, kMiB).range, ByteRange(288 * kKiB, kMiB - 288 * kKiB));
}

TEST_F(PartSchedulerTest, AClaimTakesOnlyWhatPrefetchMayHave) {
  const auto most = budget.try_demand(54);
  EXPECT_EQ(claim_run(*set, budget, 0, 8 * kMiB).range, ByteRange(0, 2 * kFrameBytes)) << "8 are the reserve";
}

TEST_F(PartSchedulerTest, APartEndsWithItsLastInterestAndFreesItsMemoryAtOnce) {
  PartHold window = start(0, kMiB, Interest::window);
  PartHold demand(window.part(), Interest::demand);
  t.settle();
  window.reset();
  EXPECT_FALSE(demand.part()->ended());
  demand.reset();
  EXPECT_EQ(budget.used(), 0u);
  t.settle();
  EXPECT_EQ(parts.running(), 0u);
  EXPECT_EQ(storage.counts.running, 0);
  EXPECT_EQ(parts.counters().abandoned, 1u);
}

TEST_F(PartSchedulerTest, APartWithLittleLeftIsGivenAMomentToKeepItsConnection) {
  storage.latency = 0ms;
  storage.bytes_per_second = 160 * kKiB;
  PartHold hold = start(0, 64 * kKiB, Interest::demand);
  const std::shared_ptr<Part> part = hold.part();
  t.pass(300ms);
  ASSERT_GT(part->position(), 32 * kKiB);
  hold.reset();
  EXPECT_FALSE(part->ended());
  t.pass(500ms);
  ASSERT_TRUE(part->ended());
  EXPECT_FALSE(part->failed());
  EXPECT_EQ(parts.counters().abandoned, 0u);
}

TEST_F(PartSchedulerTest, TheMomentIsShort) {
  storage.latency = 0ms;
  storage.bytes_per_second = 160 * kKiB;
  PartHold hold = start(0, 32 * kKiB, Interest::demand);
  const std::shared_ptr<Part> part = hold.part();
  t.settle();
  storage.stall = true;
  ASSERT_GT(part->position(), 0u);
  hold.reset();
  t.pass(900ms);
  EXPECT_FALSE(part->ended());
  t.pass(200ms);
  EXPECT_TRUE(part->ended());
  EXPECT_EQ(parts.counters().abandoned, 1u);
}

TEST_F(PartSchedulerTest, AnAbandonedPartCanNoLongerWrite) {
  PartHold hold = start(0, kMiB, Interest::window);
  const std::shared_ptr<Part> part = hold.part();
  hold.reset();
  const std::byte byte{1};
  EXPECT_FALSE(part->write(std::span(&byte, 1)).has_value());
}

TEST_F(PartSchedulerTest, MoreBytesThanAskedAreRefused) {
  const PartHold hold = start(0, 32 * kKiB, Interest::demand);
  const std::vector<std::byte> bytes(32 * kKiB + 1);
  const auto taken = hold.part()->write(bytes);
  ASSERT_FALSE(taken.has_value());
  EXPECT_EQ(taken.error().kind, ErrorKind::corrupted);
}

TEST_F(PartSchedulerTest, BytesOfAnEarlierEpochAreRefused) {
  const PartHold hold = start(0, 32 * kKiB, Interest::demand);
  version->follow();
  const std::vector<std::byte> bytes(100);
  EXPECT_EQ(hold.part()->write(bytes).error().kind, ErrorKind::changed);
}

TEST_F(PartSchedulerTest, SheddingTakesTheNewestThatNobodyWaitsFor) {
  const PartHold awaited = start(0, kMiB, Interest::demand);
  const PartHold older = start(kMiB, 2 * kMiB, Interest::window);
  const PartHold newer = start(2 * kMiB, 3 * kMiB, Interest::window);
  parts.shed(4);
  EXPECT_TRUE(newer.part()->ended());
  EXPECT_FALSE(older.part()->ended());
  parts.shed(100);
  EXPECT_TRUE(older.part()->ended());
  EXPECT_FALSE(awaited.part()->ended());
  EXPECT_EQ(budget.used(), 8u);
}

/// A reader that shows what it was told about the request.
class ShowingReader final : public ObjectReader {
 public:
  Task<Result<void>> read(ByteRange, ByteSink&, RequestContext& why) override {
    context = &why;
    co_await never.wait();
    co_return Result<void>();
  }
  const RequestContext* context = nullptr;
  WaitList never;
};

TEST_F(PartSchedulerTest, ADemandedPrefetchIsRaisedAndSomebodyWaitsWhileSomebodyDoes) {
  auto showing = std::make_shared<ShowingReader>();
  PartHold window(
      parts.start(PartSource(showing, meter), set, claim_run(*set, budget, 0, kMiB), Interest::window),
      Interest::window);
  t.settle();
  EXPECT_EQ(showing->context->priority, Priority::prefetch);
  EXPECT_FALSE(showing->context->awaited);
  PartHold demand(window.part(), Interest::demand);
  EXPECT_EQ(showing->context->priority, Priority::demand);
  EXPECT_TRUE(showing->context->awaited);
  demand.reset();
  EXPECT_FALSE(showing->context->awaited);
}

}  // namespace
}  // namespace balancefs::test
