// How many bytes came per second lately: whole seconds in a ring, added up when somebody asks. Pure.
#pragma once

#include <array>
#include <cstdint>

#include "balancefs/clock.h"

namespace balancefs {

class RecentRate {
 public:
  void add(std::uint64_t bytes, TimePoint now) {
    Second& second = seconds_[slot(number(now))];
    if (second.number != number(now)) second = Second{number(now), 0};
    second.bytes += bytes;
  }
  /// Bytes per second over the last kSeconds that are complete.
  double at(TimePoint now) const {
    std::uint64_t sum = 0;
    for (const Second& second : seconds_) {
      const std::int64_t age = number(now) - second.number;
      if (age >= 1 && age <= kSeconds) sum += second.bytes;
    }
    return static_cast<double>(sum) / kSeconds;
  }

  static constexpr int kSeconds = 5;

 private:
  struct Second {
    std::int64_t number = -1;
    std::uint64_t bytes = 0;
  };
  static std::int64_t number(TimePoint at) {
    return std::chrono::floor<std::chrono::seconds>(at.time_since_epoch()).count();
  }
  static std::size_t slot(std::int64_t number) { return static_cast<std::size_t>(number) % (kSeconds + 1); }

  std::array<Second, kSeconds + 1> seconds_{};
};

}  // namespace balancefs
