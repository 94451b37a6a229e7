// The real Clock: Asio's steady timers on the loop.
#pragma once

#include <asio/io_context.hpp>

#include "balancefs/clock.h"

namespace balancefs {

class LoopClock final : public Clock {
 public:
  explicit LoopClock(asio::io_context& loop) : loop_(loop) {}
  TimePoint now() const override { return std::chrono::steady_clock::now(); }
  Timer call_at(TimePoint when, std::function<void()> callback) override;

 private:
  asio::io_context& loop_;
};

}  // namespace balancefs
