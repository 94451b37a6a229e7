#include "balance/policy_first.h"

#include <algorithm>

namespace balancefs {

MemberIndex First::choose(std::span<const Candidate> among, TimePoint) {
  const auto settled = std::ranges::find(among, false, &Candidate::recovering);
  if (settled == among.begin() || settled == among.end()) return among.front().member;
  return turns_.turn(std::span(among.begin(), settled + 1));
}

}  // namespace balancefs
