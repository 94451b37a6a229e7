// Runs the loop and counts the turns that took too long: while one handler runs, everybody else waits.
//
// What is ready runs one handler at a time, measured by the clock. Where nothing is ready, the wait for the
// next event and its handler are one call of Asio's: there the thread's CPU time tells how long the handler
// took. Loop thread.
#pragma once

#include <asio/io_context.hpp>
#include <cstdint>

#include "balancefs/clock.h"

namespace balancefs {

class LoopTurns {
 public:
  /// A reader notices a pause of that length, a film does not.
  static constexpr Duration kSlow = std::chrono::milliseconds(50);

  /// Until the loop has nothing left to do, as io_context::run().
  void run(asio::io_context& loop);
  std::uint64_t slow() const { return slow_; }
  Duration longest() const { return longest_; }

 private:
  void took(Duration time);

  std::uint64_t slow_ = 0;
  Duration longest_{0};
};

}  // namespace balancefs
