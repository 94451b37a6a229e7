// Runs flows on a real loop with a real clock, for tests against real servers and threads.
#pragma once

#include <asio/io_context.hpp>
#include <stdexcept>

#include "balancefs/task.h"
#include "base/loop_clock.h"

namespace balancefs::test {

class RealLoop {
 public:
  RealLoop() : clock(loop) {}
  RealLoop(const RealLoop&) = delete;
  RealLoop& operator=(const RealLoop&) = delete;

  /// Runs `task` to its end; a test that hangs for a minute fails.
  template <class T>
  T run(Task<T> task) {
    Flow<T> flow(loop.get_executor(), std::move(task));
    run_until(flow);
    return flow.take();
  }
  template <class T>
  void run_until(const Flow<T>& flow, Duration limit = std::chrono::minutes(1)) {
    const TimePoint until = clock.now() + limit;
    while (!flow.done()) {
      if (clock.now() > until) throw std::runtime_error("a flow hangs");
      loop.restart();
      loop.run_one_for(std::chrono::seconds(1));
    }
  }
  void run_void(Task<void> task) { static_cast<void>(run(as_result(std::move(task)))); }
  Executor executor() { return loop.get_executor(); }

  asio::io_context loop;
  LoopClock clock;

 private:
  static Task<Result<void>> as_result(Task<void> task) {
    co_await std::move(task);
    co_return Result<void>();
  }
};

}  // namespace balancefs::test
