#include "balance/policy_least_in_flight.h"

#include <algorithm>

namespace balancefs {
namespace {

/// Whether `a` has less under way for its weight, compared without dividing.
bool less_loaded(const Policy::Candidate& a, const Policy::Candidate& b) {
  return std::uint64_t(a.running) * b.weight < std::uint64_t(b.running) * a.weight;
}

}  // namespace

MemberIndex LeastInFlight::choose(std::span<const Candidate> among, TimePoint) {
  const Candidate& least = *std::ranges::min_element(among, less_loaded);
  std::vector<Candidate> equal;
  for (const Candidate& candidate : among) {
    if (!less_loaded(least, candidate)) equal.push_back(candidate);
  }
  return turns_.turn(equal);
}

}  // namespace balancefs
