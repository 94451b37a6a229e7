#include "balance/policy_round_robin.h"

namespace balancefs {

MemberIndex RoundRobin::turn(std::span<const Candidate> among) {
  std::int64_t total = 0;
  const Candidate* best = nullptr;
  for (const Candidate& candidate : among) {
    current_[candidate.member] += candidate.weight;
    total += candidate.weight;
    if (best == nullptr || current_[candidate.member] > current_[best->member]) best = &candidate;
  }
  current_[best->member] -= total;
  return best->member;
}

MemberIndex RoundRobin::choose(std::span<const Candidate> among, TimePoint) {
  return turn(among);
}

}  // namespace balancefs
