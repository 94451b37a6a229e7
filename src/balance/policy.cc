#include "balance/policy.h"

#include <algorithm>

#include "balance/policy_fastest.h"
#include "balance/policy_first.h"
#include "balance/policy_least_in_flight.h"
#include "balance/policy_round_robin.h"
#include "balancefs/result.h"

namespace balancefs {

std::optional<MemberIndex> Policy::pick(std::vector<Candidate> among, TimePoint now) {
  if (among.empty()) return std::nullopt;
  const std::uint32_t tier = std::ranges::min_element(among, {}, &Candidate::tier)->tier;
  std::erase_if(among, [tier](const Candidate& candidate) { return candidate.tier != tier; });
  if (!std::ranges::all_of(among, &Candidate::full))
    std::erase_if(among, [](const Candidate& candidate) { return candidate.full; });
  return choose(among, now);
}

std::unique_ptr<Policy> make_policy(GroupOptions::Policy kind, std::size_t members) {
  switch (kind) {
    case GroupOptions::Policy::round_robin:
      return std::make_unique<RoundRobin>(members);
    case GroupOptions::Policy::least_in_flight:
      return std::make_unique<LeastInFlight>(members);
    case GroupOptions::Policy::fastest:
      return std::make_unique<Fastest>(members);
    case GroupOptions::Policy::first:
      return std::make_unique<First>(members);
  }
  check_failed(__FILE__, __LINE__, "GroupOptions::Policy is in range");
}

std::uint32_t effective_weight(std::uint32_t weight, std::optional<Duration> recovered, Duration slow_start) {
  constexpr std::uint64_t kFull = 1000;
  constexpr std::uint64_t kStart = 100;
  std::uint64_t share = kFull;
  if (recovered && *recovered < slow_start) {
    const Duration climbed = std::max(*recovered, Duration(0));
    share = kStart + (kFull - kStart) * static_cast<std::uint64_t>(climbed.count()) /
                         static_cast<std::uint64_t>(slow_start.count());
  }
  return static_cast<std::uint32_t>(weight * share);
}

}  // namespace balancefs
