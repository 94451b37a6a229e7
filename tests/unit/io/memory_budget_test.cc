#include "io/memory_budget.h"

#include <gtest/gtest.h>

#include "support/test_loop.h"

namespace balancefs::test {
namespace {

using namespace std::chrono_literals;
using Grant = MemoryBudget::Grant;
using Demand = Flow<Result<Grant>>;

/// Idle frames, as the block cache has them.
class IdleFrames final : public MemoryBudget::Reclaimer {
 public:
  explicit IdleFrames(MemoryBudget& budget) : budget_(budget) { budget.reclaim_from(*this); }
  std::size_t reclaimable() const override { return count; }
  void reclaim_one() override {
    --count;
    budget_.give_back(1);
  }
  void keep(Grant grant) {
    for (; grant.frames() > 0; ++count) grant.use_one();
    budget_.reclaimable_grew();
  }
  std::size_t count = 0;

 private:
  MemoryBudget& budget_;
};

class MemoryBudgetTest : public testing::Test {
 protected:
  ~MemoryBudgetTest() override {
    while (idle.count > 0) idle.reclaim_one();
    EXPECT_EQ(budget.used(), 0u);
  }
  TestLoop t;
  MemoryBudget budget{16, t.clock, 60s};
  IdleFrames idle{budget};
};

TEST_F(MemoryBudgetTest, AGrantIsGivenBackWhenItGoes) {
  {
    auto grant = budget.try_demand(10);
    ASSERT_TRUE(grant.has_value());
    EXPECT_EQ(budget.used(), 10u);
    EXPECT_FALSE(budget.try_demand(7).has_value());
    Grant moved = std::move(*grant);
    EXPECT_EQ(moved.frames(), 10u);
    EXPECT_EQ(grant->frames(), 0u);
  }
  EXPECT_EQ(budget.used(), 0u);
}

TEST_F(MemoryBudgetTest, PrefetchLeavesAReserve) {
  EXPECT_EQ(budget.prefetch_room(), 14u);
  EXPECT_FALSE(budget.try_prefetch(15).has_value());
  EXPECT_TRUE(budget.try_prefetch(14).has_value());
}

TEST_F(MemoryBudgetTest, IdleFramesAreReclaimedBeforeAnybodyWaits) {
  idle.keep(*budget.try_demand(16));
  EXPECT_EQ(budget.used(), 16u);
  auto grant = budget.try_demand(5);
  EXPECT_TRUE(grant.has_value());
  EXPECT_EQ(idle.count, 11u);
  EXPECT_EQ(budget.used(), 16u);
}

TEST_F(MemoryBudgetTest, DemandQueuesInOrderAndPrefetchYieldsToTheQueue) {
  auto all = budget.try_demand(16);
  Demand large(t.executor(), budget.demand(8));
  Demand small(t.executor(), budget.demand(1));
  t.settle();
  EXPECT_EQ(budget.queued(), 2u);
  idle.keep(std::move(*all));
  EXPECT_FALSE(budget.try_prefetch(1).has_value() && budget.queued() > 0);
  t.settle();
  ASSERT_TRUE(large.done());
  ASSERT_TRUE(small.done());
  EXPECT_EQ(large.take()->frames(), 8u);
  EXPECT_EQ(small.take()->frames(), 1u);
}

TEST_F(MemoryBudgetTest, TheFirstInTheQueueIsNotOvertaken) {
  auto most = budget.try_demand(10);
  auto rest = budget.try_demand(6);
  Demand large(t.executor(), budget.demand(12));
  Demand small(t.executor(), budget.demand(1));
  t.settle();
  rest->reset();
  t.settle();
  EXPECT_FALSE(small.done()) << "six are free, but it is not its turn";
  most->reset();
  t.settle();
  EXPECT_TRUE(large.done());
  EXPECT_TRUE(small.done());
}

TEST_F(MemoryBudgetTest, ACancelledDemandLeavesNothing) {
  auto all = budget.try_demand(16);
  Demand queued(t.executor(), budget.demand(4));
  Demand granted(t.executor(), budget.demand(4));
  t.settle();
  queued.cancel();
  t.settle();
  EXPECT_TRUE(queued.done());
  EXPECT_EQ(budget.queued(), 1u);
  all->reset();
  granted.cancel();  // it has its grant and has not run yet
  t.settle();
  ASSERT_TRUE(granted.done());
  static_cast<void>(granted.take());
  EXPECT_EQ(budget.used(), 0u);
}

TEST_F(MemoryBudgetTest, WhatCanNeverBeGrantedIsRefused) {
  const auto refused = t.run(budget.demand(17));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().kind, ErrorKind::too_large);
}

TEST_F(MemoryBudgetTest, AStuckDemandAsksForPrefetchToBeShedAndThenGivesUp) {
  std::size_t asked = 0;
  budget.shed_with([&asked](std::size_t frames) { asked = frames; });
  auto all = budget.try_demand(16);
  Demand stuck(t.executor(), budget.demand(3));
  t.pass(900ms);
  EXPECT_EQ(asked, 0u);
  t.pass(200ms);
  EXPECT_EQ(asked, 3u);
  t.pass(58s);
  EXPECT_FALSE(stuck.done());
  t.pass(2s);
  ASSERT_TRUE(stuck.done());
  EXPECT_EQ(stuck.take().error().kind, ErrorKind::timed_out);
}

TEST_F(MemoryBudgetTest, AQueueThatMovesIsNotStuck) {
  auto one = budget.try_demand(8);
  auto two = budget.try_demand(8);
  std::vector<std::unique_ptr<Demand>> turns;
  for (int i = 0; i < 3; ++i) turns.push_back(std::make_unique<Demand>(t.executor(), budget.demand(16)));
  t.pass(50s, 1s);
  one->reset();
  two->reset();
  t.settle();
  ASSERT_TRUE(turns[0]->done());
  auto first = turns[0]->take();
  t.pass(50s, 1s);
  EXPECT_FALSE(turns[2]->done()) << "100 s in all, but 50 s ago somebody had a turn";
  first->reset();
  t.settle();
  ASSERT_TRUE(turns[1]->done());
  turns[1]->take()->reset();
  t.settle();
  EXPECT_TRUE(turns[2]->done());
}

}  // namespace
}  // namespace balancefs::test
