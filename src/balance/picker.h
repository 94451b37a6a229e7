// Smooth weighted round robin, as nginx does it: shares follow the weights exactly and picks of one member
// are spread as evenly as they can be. One step per handle; looking at metadata never steps. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "balancefs/object.h"

namespace balancefs {

class Picker {
 public:
  struct Candidate {
    MemberIndex member;
    std::uint32_t tier;
    std::uint32_t weight;  ///< effective, in thousandths of a weight of 1; at least 1
    Candidate(MemberIndex index, std::uint32_t in_tier, std::uint32_t effective)
        : member(index), tier(in_tier), weight(effective) {}
  };

  explicit Picker(std::size_t members) : current_(members, 0) {}
  /// Takes one step among the candidates of the lowest tier; nothing when there is none. Equal standing is
  /// decided by the order of `candidates`.
  std::optional<MemberIndex> pick(std::span<const Candidate> candidates);

 private:
  std::vector<std::int64_t> current_;
};

/// A weight in thousandths, `recovered` ago after an outage: from 10 % to 100 % over `slow_start`.
std::uint32_t effective_weight(std::uint32_t weight, std::optional<Duration> recovered, Duration slow_start);

}  // namespace balancefs
