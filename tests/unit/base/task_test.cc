#include "balancefs/task.h"

#include <gtest/gtest.h>

#include "support/fake_storage.h"
#include "support/ramp_bytes.h"
#include "support/sinks.h"
#include "support/test_loop.h"

namespace balancefs::test {
namespace {

using namespace std::chrono_literals;

Task<void> count_when_woken(WaitList& list, int& count) {
  co_await list.wait();
  ++count;
}

Task<Result<int>> forty_two_after(Clock& clock, Duration time) {
  co_await sleep_for(clock, time);
  co_return 42;
}

TEST(WaitList, WakesEveryWaiterOnceAndKeepsNoMemory) {
  TestLoop t;
  WaitList list;
  int count = 0;
  list.wake_all();
  t.scope.spawn(count_when_woken(list, count));
  t.scope.spawn(count_when_woken(list, count));
  t.settle();
  EXPECT_EQ(list.size(), 2u);
  list.wake_one();
  EXPECT_EQ(count, 0) << "a wake-up never runs the waiter inside the caller";
  t.settle();
  EXPECT_EQ(count, 1);
  list.wake_all();
  t.settle();
  EXPECT_EQ(count, 2);
}

Task<void> wait_here_then_there(std::unique_ptr<WaitList>& here, Clock& clock, bool& ended) {
  co_await here->wait();
  // Nothing is waited for between the wake-up and here: the first list may be gone when the flow is
  // cancelled.
  here.reset();
  ended = true;
  co_await sleep_for(clock, 10s);
}

TEST(WaitList, ACancelledFlowTouchesNoListThatItHasLeft) {
  TestLoop t;
  auto here = std::make_unique<WaitList>();
  bool ended = false;
  const FlowHandle flow = t.scope.spawn(wait_here_then_there(here, t.clock, ended));
  t.settle();
  here->wake_all();
  here = std::make_unique<WaitList>();
  flow.cancel();  // the slot still holds the first wait's handler
  t.settle();
  EXPECT_EQ(t.scope.running(), 0u);
}

TEST(TaskScope, CancelEndsWaitersAndCloseWaitsForThem) {
  TestLoop t;
  WaitList list;
  int count = 0;
  TaskScope scope(t.executor());
  scope.spawn(count_when_woken(list, count));
  t.settle();
  t.run_void(scope.close());
  EXPECT_EQ(scope.running(), 0u);
  EXPECT_EQ(count, 0);
  EXPECT_TRUE(list.empty());
}

Task<void> note(bool& ran) {
  ran = true;
  co_return;
}

TEST(TaskScope, SpawnNeverRunsTheTaskInsideTheCall) {
  TestLoop t;
  bool ran = false;
  bool ran_inside = true;
  asio::post(t.executor(), [&] {
    t.scope.spawn(note(ran));
    ran_inside = ran;
  });
  t.settle();
  EXPECT_FALSE(ran_inside);
  EXPECT_TRUE(ran);
}

TEST(TaskScope, ATaskCancelledBeforeItBeganNeverRuns) {
  TestLoop t;
  bool ran = false;
  TaskScope scope(t.executor());
  scope.spawn(note(ran));
  scope.cancel();
  t.settle();
  EXPECT_FALSE(ran);
  EXPECT_EQ(scope.running(), 0u);
}

Task<Result<void>> watch_a_slow_child(TestLoop& t, bool& timed_out) {
  Flow<Result<int>> child(t.executor(), forty_two_after(t.clock, 10s));
  const TimePoint first = t.clock.now() + 3s;
  timed_out = !co_await child.join_until(t.clock, first);
  child.cancel();
  const Result<int> result = co_await child.join();
  EXPECT_EQ(result.error().kind, ErrorKind::cancelled);
  co_return Result<void>();
}

TEST(Flow, ChildIsWatchedAndCancelled) {
  TestLoop t;
  bool timed_out = false;
  EXPECT_TRUE(t.run(watch_a_slow_child(t, timed_out)).has_value());
  EXPECT_TRUE(timed_out);
}

Task<Result<void>> wait_for_child(TestLoop& t, bool& finished) {
  Flow<Result<int>> child(t.executor(), forty_two_after(t.clock, 10s));
  const Result<int> result = co_await child.join();
  finished = result.has_value();
  co_return Result<void>();
}

TEST(Flow, CancelledParentEndsItsChildFirst) {
  TestLoop t;
  bool finished = false;
  Flow<Result<void>> parent(t.executor(), wait_for_child(t, finished));
  t.settle();
  parent.cancel();
  t.settle();
  ASSERT_TRUE(parent.done());
  EXPECT_EQ(parent.take().error().kind, ErrorKind::cancelled);
  EXPECT_FALSE(finished);
}

Task<Result<void>> tick_until_done(TestLoop& t) {
  Flow<Result<int>> child(t.executor(), forty_two_after(t.clock, 10s));
  while (true) {
    const TimePoint tick = t.clock.now() + 1s;
    const bool done = co_await child.join_until(t.clock, tick);
    if (done) break;
  }
  const Result<int> result = co_await child.join();
  if (!result) co_return std::unexpected<Error>(result.error());
  co_return Result<void>();
}

TEST(Flow, CancelledInTheTurnOfATickEndsItsChildFirst) {
  TestLoop t;
  Flow<Result<void>> parent(t.executor(), tick_until_done(t));
  t.settle();
  t.clock.advance(1s);  // the parent will run, but has not yet
  parent.cancel();
  t.settle();
  ASSERT_TRUE(parent.done());
  EXPECT_EQ(parent.take().error().kind, ErrorKind::cancelled);
}

TEST(FakeStorage, ReadsRampBytesAndFailsWhereTold) {
  TestLoop t;
  FakeStorage storage("/pt", t.executor(), t.clock);
  storage.add_file("a/b", 100'000);
  ObjectInfo info = storage.nodes["a/b"].info;
  auto version = std::make_shared<Version>(1, *Path::parse("a/b"), std::vector<ObjectInfo>{info});
  auto reader = storage.open(version, 0);
  RequestContext why;
  StringSink sink(10);
  EXPECT_TRUE(t.run(reader->read(ByteRange(10, 50'000), sink, why)).has_value());
  EXPECT_EQ(sink.text, ramp_bytes(10, 50'000));
  storage.cut_read_at = 70'000;
  StringSink cut(60'000);
  EXPECT_FALSE(t.run(reader->read(ByteRange(60'000, 40'000), cut, why)).has_value());
  EXPECT_EQ(cut.position(), 70'000u);
}

}  // namespace
}  // namespace balancefs::test
