// When those who wait for a throttled member may ask it again: one at the end of its pause, the others after
// it, spread at random, so that the pause does not end in the storm that began it. When the first is told to
// wait again, the others have not asked. Pure; one for a member.
#pragma once

#include <optional>

#include "balancefs/clock.h"
#include "base/random.h"

namespace balancefs {

class Resume {
 public:
  /// A time for one that waits for a pause of that length to end at `end`: `end` for the first who asks,
  /// later for the others, but at most half way to `latest`.
  TimePoint after(TimePoint end, Duration pause, TimePoint latest, Random& random);

 private:
  std::optional<TimePoint> led_;  ///< the end that the first has taken
};

/// Over how long they are spread.
Duration resume_spread(Duration pause);

}  // namespace balancefs
