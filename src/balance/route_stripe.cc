// Route's decisions in a stripe: each part goes to the member that is expected to have it first.
//
// There is no rotation step and no affinity: what members deliver decides, part by part. Plain decisions.
#include <algorithm>

#include "balance/route.h"

namespace balancefs {
namespace {

/// As long as an open member waits for its first probe; doubles up to the longest.
constexpr Duration kRest = 5s;
constexpr std::uint32_t kMostDoublings = 5;
/// A part in front of the reader changes its member when another would have it in half the time, and that
/// saves more than asking costs.
constexpr int kWorthIt = 2;
constexpr Duration kCostOfMove = 200ms;
/// The rate of a transfer shows after that time.
constexpr Duration kRateShows = 200ms;

bool contains(const std::vector<MemberIndex>& members, MemberIndex member) {
  return std::find(members.begin(), members.end(), member) != members.end();
}

}  // namespace

void Route::rest(MemberIndex member) {
  Rest& rest = rests_[member];
  rest.until = members_.now() + kRest * (1U << std::min(rest.times++, kMostDoublings));
}

bool Route::resting(MemberIndex member) const {
  const auto found = rests_.find(member);
  return found != rests_.end() && members_.now() < found->second.until;
}

/// The healthy ones of the lowest tier; of these those that did not fail or fall silent lately, unless there
/// are no others; of these those below their limits, unless there are no others.
std::vector<MemberIndex> Route::eligible(const Reading& reading, const std::vector<MemberIndex>& but) const {
  std::vector<MemberIndex> all = healthy(reading, std::nullopt);
  if (all.empty()) return all;
  const auto tier = [&](MemberIndex i) { return members_[i].options.tier; };
  const std::uint32_t lowest = tier(*std::ranges::min_element(all, {}, tier));
  std::erase_if(all, [&](MemberIndex i) { return tier(i) != lowest || contains(but, i); });
  std::vector<MemberIndex> good = all;
  std::erase_if(good, [&](MemberIndex i) {
    return resting(i) || reading.left.contains(i) || members_[i].silence.avoided(members_.now());
  });
  return members_.not_busy(good.empty() ? std::move(all) : std::move(good));
}

StripePlan Route::stripe_plan(const std::vector<MemberIndex>& among) const {
  std::vector<StripePlan::Candidate> candidates;
  for (const MemberIndex member : among) {
    candidates.push_back(members_.stripe_candidate(member));
    candidates.back().must_prove =
        version_->held() != nullptr && version_->standing(member) != Version::Standing::proven;
  }
  return StripePlan(std::move(candidates), members_.now());
}

std::optional<Route::Turn> Route::choose_striped(const Reading& reading,
                                                 const std::vector<MemberIndex>& but) {
  const std::uint64_t bytes = reading.range.end() - reading.sink.position();
  const StripePlan plan = stripe_plan(eligible(reading, but));
  const auto choice = plan.choose(bytes, reading.why.awaited, members_.stripe_turns());
  if (!choice) return std::nullopt;
  if (used_.insert(choice->member).second) ++members_[choice->member].opens;
  return Turn(choice->member, choice->limit);
}

/// Whether a part that somebody waits for flows so slowly that another member, which was not left for that
/// itself, would have the rest of it long before.
bool Route::drags(const Attempt& attempt, const Reading& reading) const {
  const Progress& progress = attempt.progress;
  if (!reading.why.awaited || !progress.first_byte) return false;
  const Duration flowed = members_.now() - *progress.first_byte;
  if (flowed < kRateShows) return false;
  const std::uint64_t missing = attempt.until - reading.sink.position();
  const double left = static_cast<double>(missing) / static_cast<double>(progress.bytes);
  const auto own = std::chrono::duration<double>(flowed) * left;
  std::vector<MemberIndex> others = eligible(reading, {attempt.member});
  std::erase_if(others, [&](MemberIndex i) { return reading.left.contains(i); });
  const auto elsewhere = stripe_plan(others).fastest(missing);
  return elsewhere && own > kWorthIt * *elsewhere + kCostOfMove;
}

}  // namespace balancefs
