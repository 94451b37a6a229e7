#include "base/loop_turns.h"

#include <gtest/gtest.h>

#include <asio/post.hpp>
#include <asio/steady_timer.hpp>

namespace balancefs::test {
namespace {

using namespace std::chrono_literals;

void work_for(Duration time) {
  timespec used{};
  const auto cpu = [&used] {
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
  };
  const auto until = cpu() + time;
  while (cpu() < until) continue;
}

TEST(LoopTurnsTest, CountsHandlersThatTakeLongAndNotTheWaitForThem) {
  asio::io_context loop;
  asio::steady_timer timer(loop, 120ms);
  int ran = 0;
  timer.async_wait([&ran](const asio::error_code&) { ++ran; });
  for (int i = 0; i < 100; ++i) asio::post(loop, [&ran] { ++ran; });
  LoopTurns turns;
  turns.run(loop);
  EXPECT_EQ(ran, 101);
  EXPECT_LT(turns.longest(), 120ms);
  const std::uint64_t before = turns.slow();
  loop.restart();
  asio::post(loop, [] { work_for(60ms); });
  asio::steady_timer later(loop, 10ms);
  later.async_wait([](const asio::error_code&) { work_for(70ms); });
  turns.run(loop);
  EXPECT_GE(turns.slow(), before + 2) << "one that was ready, and one that was waited for";
  EXPECT_GE(turns.longest(), 60ms);
}

}  // namespace
}  // namespace balancefs::test
