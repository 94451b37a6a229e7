#include "balance/lateness.h"

#include <algorithm>

namespace balancefs {
namespace {

using namespace std::chrono_literals;

/// Of a member that is hardly known: as long as half a second leaves room for another member's answer.
constexpr Duration kUnknown = 300ms;
constexpr Duration kStripeFirstByte = 150ms;
constexpr Duration kStripePause = 300ms;
/// An eighth more than usual is not worth a second request.
constexpr int kMargin = 8;
/// Below that the loop's own delays look like the member's, and a second request could not pay.
constexpr Duration kLeastHedge = 50ms;

}  // namespace

Duration usual_first_byte(std::optional<Duration> p95) {
  return p95.value_or(kUnknown);
}

Lateness stripe_lateness(std::optional<Duration> p95) {
  if (!p95) return Lateness(kUnknown, kStripePause);
  return Lateness(std::max(kStripeFirstByte, 2 * *p95), kStripePause);
}

Lateness hedge_lateness(std::optional<Duration> p95) {
  if (!p95) return Lateness(kUnknown, kUnknown);
  const Duration late = std::max(*p95 + *p95 / kMargin, kLeastHedge);
  return Lateness(late, late);
}

}  // namespace balancefs
