// Decides when a data transfer that somebody waits for has stalled: docs/SEMANTICS.md, "Health".
//
// Slow is not dead: less than 1 KiB/s over 3 s counts when another member could serve, over 15 s when none
// could. Before the first byte a member that others could replace gets its own usual time. Pure; looked at
// twice a second.
#pragma once

#include <deque>
#include <optional>

#include "balancefs/clock.h"
#include "balancefs/options.h"

namespace balancefs {

class StallWatch {
 public:
  /// How often check() should be called.
  static constexpr Duration kTick = std::chrono::milliseconds(500);

  /// `first_byte_limit`: patience with the first byte while another member could serve.
  StallWatch(const ReadOptions& options, Duration first_byte_limit, TimePoint now);
  /// `bytes`: brought so far. `awaited`: somebody waits now. `replaceable`: another member could serve.
  bool stalled(TimePoint now, std::uint64_t bytes, bool awaited, bool replaceable);

 private:
  struct Sample {
    TimePoint at;
    std::uint64_t bytes;
    Sample(TimePoint when, std::uint64_t count) : at(when), bytes(count) {}
  };
  bool too_slow(TimePoint now, std::uint64_t bytes, Duration over) const;

  const ReadOptions& options_;
  Duration first_byte_limit_;
  TimePoint awaited_since_;
  std::deque<Sample> samples_;  ///< since the first byte, while awaited
};

/// max(3 s, 4 x p95), and 10 s for a member that was idle for a minute.
Duration first_byte_limit(const ReadOptions& options, std::optional<Duration> p95, bool idle);

}  // namespace balancefs
