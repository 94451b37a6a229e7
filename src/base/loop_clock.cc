#include "base/loop_clock.h"

#include <asio/steady_timer.hpp>

namespace balancefs {
namespace {

// A cancelled wait may already be queued with success when the Timer goes; `alive` keeps it from calling.
class SteadyEntry final : public Timer::Entry {
 public:
  SteadyEntry(asio::io_context& loop, TimePoint when, std::function<void()> callback)
      : timer_(loop, when), alive_(std::make_shared<bool>(true)) {
    timer_.async_wait([alive = alive_, call = std::move(callback)](const std::error_code& error) {
      if (!error && *alive) call();
    });
  }
  ~SteadyEntry() override { *alive_ = false; }

 private:
  asio::steady_timer timer_;
  std::shared_ptr<bool> alive_;
};

}  // namespace

Timer LoopClock::call_at(TimePoint when, std::function<void()> callback) {
  return Timer(std::make_unique<SteadyEntry>(loop_, when, std::move(callback)));
}

}  // namespace balancefs
