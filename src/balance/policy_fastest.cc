#include "balance/policy_fastest.h"

#include <algorithm>

namespace balancefs {
namespace {

/// Members that differ by less are equally fast: a tenth, and what the loop's own delays may make of it.
constexpr int kNear = 10;
constexpr Duration kNearAtLeast = std::chrono::milliseconds(1);

/// What the others are compared with: of those that are fully back if there are any, so that one that just
/// recovered takes turns with them instead of taking all.
Duration fastest_of(std::span<const Policy::Candidate> among) {
  std::optional<Duration> settled;
  std::optional<Duration> all;
  for (const Policy::Candidate& candidate : among) {
    if (!candidate.first_byte) continue;
    const Duration own = *candidate.first_byte;
    all = std::min(all.value_or(own), own);
    if (!candidate.recovering) settled = std::min(settled.value_or(own), own);
  }
  return settled.value_or(all.value_or(Duration(0)));
}

}  // namespace

bool Fastest::tried_lately(MemberIndex member, TimePoint now) const {
  return tried_[member] && now - *tried_[member] < kStale;
}

/// Who is to be measured with this handle: first who never was, then who was longest ago.
std::optional<MemberIndex> Fastest::trial(std::span<const Candidate> among, TimePoint now) {
  const Candidate* chosen = nullptr;
  for (const Candidate& candidate : among) {
    if (tried_lately(candidate.member, now)) continue;
    if (!candidate.first_byte) {
      chosen = &candidate;
      break;
    }
    if (since_trial_ < kBetweenTrials || now - candidate.measured < kStale) continue;
    if (chosen == nullptr || candidate.measured < chosen->measured) chosen = &candidate;
  }
  if (chosen == nullptr) return std::nullopt;
  tried_[chosen->member] = now;
  since_trial_ = 0;
  return chosen->member;
}

MemberIndex Fastest::choose(std::span<const Candidate> among, TimePoint now) {
  if (const auto member = trial(among, now)) return *member;
  ++since_trial_;
  const Duration best = fastest_of(among);
  const Duration near = best + std::max(best / kNear, kNearAtLeast);
  std::vector<Candidate> equal;
  for (const Candidate& candidate : among) {
    if (candidate.first_byte && *candidate.first_byte <= near) equal.push_back(candidate);
  }
  return equal.empty() ? turns_.turn(among) : turns_.turn(equal);
}

}  // namespace balancefs
