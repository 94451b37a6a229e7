// Which storages form a group: the `.balanceN` rules of docs/SEMANTICS.md, "Balance groups".
//
// Pure: looks at the configured mount paths and endpoints only, never at what a storage holds (a real folder
// inside a storage that is called x.balance1 is nobody's business here). Mistakes in the paths are problems
// that stop the start; what merely costs people their balance is a warning with the remedy in it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "balancefs/options.h"

namespace balancefs {

/// A balance suffix of a path component. Suffixes order a group: none, then `.balance<N>` by N, then
/// `.balance`, then `.balance_<name>` by name.
struct BalanceSuffix {
  enum class Kind : std::uint8_t { none, number, bare, named };
  Kind kind = Kind::none;
  std::string text;        ///< number: digits without leading zeros (any length); named: the name
  std::size_t length = 0;  ///< characters at the end of the component, the dot included

  BalanceSuffix() = default;
  /// Whether a member with this suffix comes before one with `other`.
  bool before(const BalanceSuffix& other) const;
};

/// The suffix at the end of one path component; `none` when there is none or it is spelled otherwise.
BalanceSuffix balance_suffix(std::string_view component);

struct NamingPlan {
  struct PlannedGroup {
    std::string visible_path;
    std::vector<std::size_t> members;  ///< indices into Options::storages, in the group's order
    PlannedGroup() = default;
  };
  std::vector<PlannedGroup> groups;  ///< by visible path
  std::vector<ConfigProblem> problems;
  std::vector<std::string> warnings;

  NamingPlan() = default;
};

NamingPlan plan_groups(const Options& options);

/// The lines for what looks like a misspelled suffix, for members that are the same endpoint, and for URLs
/// that nest balance below another server's. `plan` holds the groups already.
std::vector<std::string> naming_warnings(const Options& options, const NamingPlan& plan);

}  // namespace balancefs
