#include "support/manual_clock.h"

namespace balancefs::test {

class ManualClock::ManualEntry final : public Timer::Entry {
 public:
  ManualEntry(ManualClock& clock, Due::iterator position, std::shared_ptr<bool> fired)
      : clock_(clock), position_(position), fired_(std::move(fired)) {}
  ~ManualEntry() override {
    if (!*fired_) clock_.due_.erase(position_);
  }

 private:
  ManualClock& clock_;
  Due::iterator position_;
  std::shared_ptr<bool> fired_;
};

Timer ManualClock::call_at(TimePoint when, std::function<void()> callback) {
  auto fired = std::make_shared<bool>(false);
  auto once = [fired, call = std::move(callback)] {
    *fired = true;
    call();
  };
  return Timer(std::make_unique<ManualEntry>(*this, due_.emplace(when, std::move(once)), fired));
}

void ManualClock::advance(Duration step) {
  const TimePoint target = now_ + step;
  while (!due_.empty() && due_.begin()->first <= target) {
    auto node = due_.extract(due_.begin());
    now_ = std::max(now_, node.key());
    node.mapped()();
  }
  now_ = target;
}

}  // namespace balancefs::test
