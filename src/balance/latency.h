// The member's recent first-byte times, the 95th percentile of them and the median of the last few. Pure.
#pragma once

#include <algorithm>
#include <array>
#include <optional>

#include "balancefs/clock.h"

namespace balancefs {

class RecentLatencies {
 public:
  void add(Duration latency) {
    samples_[next_] = latency;
    next_ = (next_ + 1) % samples_.size();
    count_ = std::min(count_ + 1, samples_.size());
  }
  /// Nothing before there are enough samples to mean something.
  std::optional<Duration> p95() const {
    if (count_ < kEnough) return std::nullopt;
    std::array<Duration, kKept> sorted = samples_;
    const std::size_t rank = (count_ * 95 + 99) / 100 - 1;
    std::nth_element(sorted.begin(), sorted.begin() + rank, sorted.begin() + count_);
    return sorted[rank];
  }
  /// Of the last few: it follows a member that becomes slower or faster within some requests.
  std::optional<Duration> p50() const {
    if (count_ == 0) return std::nullopt;
    const std::size_t count = std::min(count_, kFew);
    std::array<Duration, kFew> sorted;
    for (std::size_t i = 0; i < count; ++i) {
      sorted[i] = samples_[(next_ + samples_.size() - 1 - i) % samples_.size()];
    }
    std::nth_element(sorted.begin(), sorted.begin() + count / 2, sorted.begin() + count);
    return sorted[count / 2];
  }

 private:
  static constexpr std::size_t kFew = 9;
  static constexpr std::size_t kKept = 64;  ///< a few seconds of a busy member, the last file of a quiet one
  static constexpr std::size_t kEnough = 5;
  std::array<Duration, kKept> samples_{};
  std::size_t next_ = 0;
  std::size_t count_ = 0;
};

}  // namespace balancefs
