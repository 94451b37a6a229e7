// The member whose first bytes came soonest of late; those within a tenth of it take turns by weight.
//
// Nobody is judged unheard: a member that was never measured is tried first, with one handle at a time, and
// one that was not measured for a while gets every tenth handle until it is, so that it can improve. After
// an outage a fast member takes turns with the fastest of the others while its weight climbs. Pure.
#pragma once

#include "balance/policy_round_robin.h"

namespace balancefs {

class Fastest final : public Policy {
 public:
  /// A figure of that age may be out of date; a member that is tried is tried again no sooner.
  static constexpr Duration kStale = std::chrono::seconds(30);
  /// So many handles at least lie between two that try such a member.
  static constexpr std::uint32_t kBetweenTrials = 10;

  explicit Fastest(std::size_t members) : turns_(members), tried_(members) {}

 private:
  MemberIndex choose(std::span<const Candidate> among, TimePoint now) override;
  std::optional<MemberIndex> trial(std::span<const Candidate> among, TimePoint now);
  bool tried_lately(MemberIndex member, TimePoint now) const;

  RoundRobin turns_;
  std::vector<std::optional<TimePoint>> tried_;
  std::uint32_t since_trial_ = 0;  ///< handles
};

}  // namespace balancefs
