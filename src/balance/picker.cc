#include "balance/picker.h"

#include <algorithm>

namespace balancefs {

std::optional<MemberIndex> Picker::pick(std::span<const Candidate> candidates) {
  if (candidates.empty()) return std::nullopt;
  const auto lower = [](const Candidate& a, const Candidate& b) { return a.tier < b.tier; };
  const std::uint32_t tier = std::min_element(candidates.begin(), candidates.end(), lower)->tier;
  std::int64_t total = 0;
  const Candidate* best = nullptr;
  for (const Candidate& candidate : candidates) {
    if (candidate.tier != tier) continue;
    current_[candidate.member] += candidate.weight;
    total += candidate.weight;
    if (best == nullptr || current_[candidate.member] > current_[best->member]) best = &candidate;
  }
  current_[best->member] -= total;
  return best->member;
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
