// How many extra requests hedging may send: a token bucket of 5 % of the requests, burst 10.
//
// Counted in requests and not in time, so that the bound holds at any speed: after n requests at most
// 10 + n / 20 extra ones were sent. Pure; one for a group.
#pragma once

#include <algorithm>
#include <cstdint>

namespace balancefs {

class HedgeBudget {
 public:
  static constexpr std::uint32_t kBurst = 10;
  /// Requests that earn an extra one: 5 %.
  static constexpr std::uint32_t kPrice = 20;

  /// A request that was going to be sent anyway.
  void earn() { saved_ = std::min(saved_ + 1, kBurst * kPrice); }
  /// Whether so many extra requests may be sent now; they are paid for then.
  bool take(std::uint32_t requests = 1) {
    if (saved_ < kPrice * requests) return false;
    saved_ -= kPrice * requests;
    return true;
  }

 private:
  std::uint32_t saved_ = kBurst * kPrice;
};

}  // namespace balancefs
