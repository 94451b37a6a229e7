// When a request that somebody waits for is late, so that another member is asked as well.
//
// Far below a stall (stall_watch.h): late is no failure, it is the time from which asking twice is cheaper
// than waiting on. Pure.
#pragma once

#include <optional>

#include "balancefs/clock.h"

namespace balancefs {

/// How one request goes, kept by its sink for those who watch it.
struct Progress {
  TimePoint begun;
  TimePoint last_byte;  ///< the begin before the first one
  std::optional<TimePoint> first_byte;
  std::uint64_t bytes = 0;

  Progress() = default;
  explicit Progress(TimePoint now) : begun(now), last_byte(now) {}
};

struct Lateness {
  Duration first_byte;  ///< later than this after the begin is late
  Duration pause;       ///< a longer silence after the first byte is late

  Lateness(Duration before, Duration within) : first_byte(before), pause(within) {}
  /// From when on a request is late if nothing comes.
  TimePoint due(const Progress& progress) const {
    return progress.first_byte ? progress.last_byte + pause : progress.begun + first_byte;
  }
};

/// How long a member may take for its first byte before anything is said of it. `p95`: of its recent first
/// bytes, nothing while there are too few.
Duration usual_first_byte(std::optional<Duration> p95);
/// In a stripe, where the next part of the file waits at another member: clearly beyond what the member
/// usually takes.
Lateness stripe_lateness(std::optional<Duration> p95);
/// With hedging: later than the member's own recent p95.
Lateness hedge_lateness(std::optional<Duration> p95);

}  // namespace balancefs
