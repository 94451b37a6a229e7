// Time as a parameter.
//
// Flows never look at the system's clock and never sleep on a thread: they ask a Clock, which tests advance
// by hand (tests/support/manual_clock.h). All calls are made on the loop thread.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

namespace balancefs {

using Duration = std::chrono::nanoseconds;
/// Monotonic; comparable with other values of the same Clock only.
using TimePoint = std::chrono::time_point<std::chrono::steady_clock, Duration>;
/// A file's time as storages give it. Wall clock, UTC.
using FileTime = std::chrono::sys_time<std::chrono::nanoseconds>;

/// Owns one scheduled callback: destroying or resetting it means that the callback will not run.
class Timer {
 public:
  class Entry {
   public:
    virtual ~Entry() = default;
  };
  Timer() = default;
  explicit Timer(std::unique_ptr<Entry> entry) : entry_(std::move(entry)) {}
  void reset() { entry_.reset(); }

 private:
  std::unique_ptr<Entry> entry_;
};

class Clock {
 public:
  virtual ~Clock() = default;
  virtual TimePoint now() const = 0;
  /// Calls `callback` once at or after `when`, on the loop, never from inside this call.
  virtual Timer call_at(TimePoint when, std::function<void()> callback) = 0;
};

}  // namespace balancefs
