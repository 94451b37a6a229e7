// Which member a newly opened file goes to, and where a handle moves whose member failed: the seam of the
// group's policies, each in a file of its own (policy_*.h).
//
// What all of them share stands here: only eligible members are candidates, the lowest tier serves, and
// members below their limits come before those where a request would have to wait. Pure; loop thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "balancefs/clock.h"
#include "balancefs/object.h"
#include "balancefs/options.h"

namespace balancefs {

class Policy {
 public:
  struct Candidate {
    MemberIndex member;
    std::uint32_t tier;
    std::uint32_t weight;                ///< effective, in thousandths of a weight of 1; at least 1
    bool recovering = false;             ///< its weight still climbs after an outage
    bool full = false;                   ///< at a limit: a request would wait
    std::uint32_t running = 0;           ///< data requests under way or waiting
    std::optional<Duration> first_byte;  ///< median of its recent ones; nothing when it never brought one
    TimePoint measured;                  ///< when it last brought data
    Candidate(MemberIndex index, std::uint32_t in_tier, std::uint32_t effective)
        : member(index), tier(in_tier), weight(effective) {}
  };

  virtual ~Policy() = default;
  /// Takes one step; nothing without candidates. Where the policy knows no difference, the order of `among`
  /// decides.
  std::optional<MemberIndex> pick(std::vector<Candidate> among, TimePoint now);

 private:
  /// `among` is not empty and of one tier.
  virtual MemberIndex choose(std::span<const Candidate> among, TimePoint now) = 0;
};

/// For a group of so many members.
std::unique_ptr<Policy> make_policy(GroupOptions::Policy kind, std::size_t members);

/// A weight in thousandths, `recovered` ago after an outage: from 10 % to 100 % over `slow_start`.
std::uint32_t effective_weight(std::uint32_t weight, std::optional<Duration> recovered, Duration slow_start);

}  // namespace balancefs
