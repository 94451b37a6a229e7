// The member with the fewest requests under way for its weight; equal ones take turns. Slow members, whose
// requests last longer, get fewer new handles without anybody measuring them. Pure.
#pragma once

#include "balance/policy_round_robin.h"

namespace balancefs {

class LeastInFlight final : public Policy {
 public:
  explicit LeastInFlight(std::size_t members) : turns_(members) {}

 private:
  MemberIndex choose(std::span<const Candidate> among, TimePoint now) override;

  RoundRobin turns_;
};

}  // namespace balancefs
