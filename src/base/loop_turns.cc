#include "base/loop_turns.h"

#include <time.h>

#include <algorithm>

namespace balancefs {
namespace {

Duration cpu_time() {
  timespec used{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

}  // namespace

void LoopTurns::took(Duration time) {
  longest_ = std::max(longest_, time);
  if (time > kSlow) ++slow_;
}

void LoopTurns::run(asio::io_context& loop) {
  for (;;) {
    const TimePoint begun = std::chrono::steady_clock::now();
    if (loop.poll_one() > 0) {
      took(std::chrono::steady_clock::now() - begun);
      continue;
    }
    const Duration before = cpu_time();
    if (loop.run_one() == 0) return;
    took(cpu_time() - before);
  }
}

}  // namespace balancefs
