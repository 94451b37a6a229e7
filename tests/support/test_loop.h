// Runs flows in a test: a loop, and a clock moved by hand.
#pragma once

#include <asio/io_context.hpp>
#include <functional>

#include "balancefs/task.h"
#include "support/manual_clock.h"

namespace balancefs::test {

class TestLoop {
 public:
  TestLoop() : scope(loop.get_executor()) {}
  ~TestLoop() {
    scope.cancel();
    settle();
  }
  TestLoop(const TestLoop&) = delete;
  TestLoop& operator=(const TestLoop&) = delete;

  /// Runs everything that can run without time passing; what another thread does takes none.
  void settle() {
    do {
      loop.restart();
      loop.poll();
    } while (wait_elsewhere());
  }
  /// Lets `step` pass in slices, running the loop after each.
  void pass(Duration step, Duration slice = std::chrono::milliseconds(100)) {
    const TimePoint until = clock.now() + step;
    settle();
    while (clock.now() < until) {
      clock.advance(std::min<Duration>(slice, until - clock.now()));
      settle();
    }
  }
  /// Runs `task` to its end; time passes only when nothing else can run, at most `limit` of it.
  template <class T>
  T run(Task<T> task, Duration limit = std::chrono::minutes(30)) {
    Flow<T> flow(loop.get_executor(), std::move(task));
    const TimePoint until = clock.now() + limit;
    settle();
    while (!flow.done() && !clock.idle() && clock.next() <= until) {
      clock.advance(std::max(Duration(0), clock.next() - clock.now()));
      settle();
    }
    if (!flow.done()) {
      flow.cancel();
      settle();
    }
    return flow.take();
  }
  /// The same for flows without a result.
  void run_void(Task<void> task) {
    auto done = run(as_result(std::move(task)));
    BALANCEFS_CHECK(done.has_value());
  }
  Executor executor() { return loop.get_executor(); }

  asio::io_context loop;
  ManualClock clock;
  TaskScope scope;
  /// Whether a thread is at work whose result comes back to the loop.
  std::function<bool()> elsewhere;

 private:
  bool wait_elsewhere() {
    if (!elsewhere || !elsewhere()) return false;
    loop.restart();
    loop.run_one_for(std::chrono::milliseconds(10));
    return true;
  }
  static Task<Result<void>> as_result(Task<void> task) {
    co_await std::move(task);
    co_return Result<void>();
  }
};

}  // namespace balancefs::test
