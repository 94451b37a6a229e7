#include "base/worker_thread.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>

#include "support/real_loop.h"

namespace balancefs::test {
namespace {

using namespace std::chrono_literals;

TEST(WorkerThread, GivesResultsInOrderFromAnotherThread) {
  RealLoop t;
  WorkerThread worker(t.executor(), t.clock);
  std::function<Result<int>()> job = [here = std::this_thread::get_id()] {
    return Result<int>(std::this_thread::get_id() == here ? 0 : 42);
  };
  EXPECT_EQ(t.run(worker.run<int>(job, std::nullopt)).value(), 42);
  std::function<Result<int>()> failing = [] { return Result<int>(fail(ErrorKind::denied, "no")); };
  EXPECT_EQ(t.run(worker.run<int>(failing, std::nullopt)).error().kind, ErrorKind::denied);
}

TEST(WorkerThread, ADeadlinePassesWhileTheJobHangs) {
  RealLoop t;
  std::latch finish(1);
  WorkerThread worker(t.executor(), t.clock);
  std::function<Result<int>()> job = [&] {
    finish.wait();
    return Result<int>(1);
  };
  const auto result = t.run(worker.run<int>(job, t.clock.now() + 20ms));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ErrorKind::timed_out);
  finish.count_down();
}

TEST(WorkerThread, ACancelledFlowIsGoneAtOnceAndItsQueuedJobIsSkipped) {
  RealLoop t;
  std::latch finish(1);
  std::atomic<int> ran = 0;
  {
    WorkerThread worker(t.executor(), t.clock);
    std::function<Result<int>()> hanging = [&] {
      finish.wait();
      return Result<int>(++ran);
    };
    std::function<Result<int>()> queued = [&] { return Result<int>(++ran); };
    Flow<Result<int>> first(t.executor(), worker.run<int>(hanging, std::nullopt));
    Flow<Result<int>> second(t.executor(), worker.run<int>(queued, std::nullopt));
    t.loop.poll();
    first.cancel();
    second.cancel();
    t.run_until(first);
    t.run_until(second);
    EXPECT_EQ(first.take().error().kind, ErrorKind::cancelled);
    EXPECT_EQ(second.take().error().kind, ErrorKind::cancelled);
    finish.count_down();
  }
  EXPECT_LE(ran, 1) << "only the one that had begun";
}

}  // namespace
}  // namespace balancefs::test
