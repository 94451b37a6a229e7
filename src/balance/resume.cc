#include "balance/resume.h"

#include <algorithm>

namespace balancefs {
namespace {

using namespace std::chrono_literals;

/// A quarter of the pause: it costs a waiter little beside what it has waited. Within a second even many are
/// apart, beyond ten nobody gains.
constexpr int kShare = 4;
constexpr Duration kLeast = 1s;
constexpr Duration kMost = 10s;

}  // namespace

Duration resume_spread(Duration pause) {
  return std::clamp<Duration>(pause / kShare, kLeast, kMost);
}

TimePoint Resume::after(TimePoint end, Duration pause, TimePoint latest, Random& random) {
  if (led_ != end) {
    led_ = end;
    return end;
  }
  const Duration spread = std::min(resume_spread(pause), std::max(Duration(0), (latest - end) / 2));
  const double later = random.unit() * static_cast<double>(spread.count());
  return end + Duration(static_cast<Duration::rep>(later));
}

}  // namespace balancefs
