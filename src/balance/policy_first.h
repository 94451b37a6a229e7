// The first member in the group's order serves, the others are hot standby. After an outage it takes turns
// with the first of those that are fully back while its weight climbs; else weights mean nothing. Pure.
#pragma once

#include "balance/policy_round_robin.h"

namespace balancefs {

class First final : public Policy {
 public:
  explicit First(std::size_t members) : turns_(members) {}

 private:
  MemberIndex choose(std::span<const Candidate> among, TimePoint now) override;

  RoundRobin turns_;
};

}  // namespace balancefs
