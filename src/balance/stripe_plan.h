// Which member of a stripe gets a part: the one that is expected to have delivered it first.
//
// What a member delivers decides (delivery.h), its weight only where nothing was measured. A member that
// was slow long ago is tried again, with little of a part that nobody waits for. Pure.
#pragma once

#include <optional>
#include <vector>

#include "balance/delivery.h"
#include "balance/policy_round_robin.h"

namespace balancefs {

class StripePlan {
 public:
  struct Candidate {
    MemberIndex member;
    std::uint32_t weight;      ///< effective, in thousandths of a weight of 1
    double share = 1.0;        ///< how much of its rate is to be used: less after an outage
    bool must_prove = false;   ///< has to show held bytes first
    const Delivery* delivery;  ///< outlives the plan
    Candidate(MemberIndex index, std::uint32_t effective, const Delivery& measured)
        : member(index), weight(effective), delivery(&measured) {}
  };
  struct Choice {
    MemberIndex member;
    /// At most so many bytes are to be asked, the rest is a choice of its own; 0: no limit.
    std::uint64_t limit = 0;
    Choice(MemberIndex index, std::uint64_t most) : member(index), limit(most) {}
  };
  /// As much as says something about a rate and delays a reader little.
  static constexpr std::uint64_t kTrial = 512 * 1024;

  StripePlan(std::vector<Candidate> candidates, TimePoint now);
  /// Nothing without candidates. `awaited`: somebody waits for the part's first byte already. Members that
  /// would be equally fast take turns by `turns`.
  std::optional<Choice> choose(std::uint64_t bytes, bool awaited, RoundRobin& turns) const;
  /// The time in which the fastest measured candidate would deliver so many bytes; nothing when none is
  /// measured.
  std::optional<Duration> fastest(std::uint64_t bytes) const;

 private:
  double rate(const Candidate& candidate, std::uint64_t bytes, double fade) const;
  double seconds(const Candidate& candidate, std::uint64_t bytes, double fade) const;
  std::uint64_t limit(const Candidate& candidate, std::uint64_t bytes, double fade) const;

  std::vector<Candidate> candidates_;
  TimePoint now_;
  double best_ = 0;     ///< rate of the fastest measured one, for a weight of 1
  double latency_ = 0;  ///< the shortest measured one, seconds
};

}  // namespace balancefs
