// A Clock that moves only when a test says so.
#pragma once

#include <map>

#include "balancefs/clock.h"

namespace balancefs::test {

class ManualClock final : public Clock {
 public:
  TimePoint now() const override { return now_; }
  Timer call_at(TimePoint when, std::function<void()> callback) override;
  /// Moves on by `step` and calls what is due, in order of time. Callbacks only wake flows: run the loop
  /// after.
  void advance(Duration step);
  /// When the next callback is due; nothing when none is waiting.
  bool idle() const { return due_.empty(); }
  TimePoint next() const { return due_.begin()->first; }

 private:
  class ManualEntry;
  using Due = std::multimap<TimePoint, std::function<void()>>;
  TimePoint now_ = TimePoint(std::chrono::hours(1));
  Due due_;
};

}  // namespace balancefs::test
