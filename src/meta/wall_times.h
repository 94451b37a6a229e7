// Moments of this run as moments that outlive it, and back. Pure.
//
// Within a run time is monotonic (TimePoint); a restart keeps only the wall clock. One moment known on both
// clocks converts all others, so that ages go on across a restart as if the daemon had run.
#pragma once

#include <optional>

#include "balancefs/clock.h"

namespace balancefs {

class WallTimes {
 public:
  /// The same moment on both clocks.
  WallTimes(TimePoint now, FileTime wall) : now_(now), wall_(wall) {}

  TimePoint now() const { return now_; }
  FileTime wall(TimePoint at) const { return wall_ + (at - now_); }
  /// Nothing where it has not come yet: the wall clock went backward, and how old it is cannot be said.
  std::optional<TimePoint> steady(FileTime at) const {
    if (at > wall_) return std::nullopt;
    return at < wall_ - kLongAgo ? long_ago() : now_ - (wall_ - at);
  }
  /// A moment older than every bound.
  TimePoint long_ago() const { return now_ - kLongAgo; }

 private:
  static constexpr Duration kLongAgo = std::chrono::hours(24 * 365 * 10);

  TimePoint now_;
  FileTime wall_;
};

}  // namespace balancefs
