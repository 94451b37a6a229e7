// What another configuration asks of a mount that runs: which groups go on as they are, which are made anew,
// which go, and what only another mount can change. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "balance/naming.h"

namespace balancefs {

struct ReloadPlan {
  enum class Fate : std::uint8_t {
    kept,     ///< nothing about it changed: its listings, handles and members' health go on
    changed,  ///< made anew; what is known of members that stay goes over
    added,
  };
  struct Group {
    NamingPlan::PlannedGroup planned;  ///< members: indices into the new options
    Fate fate;
    Group(NamingPlan::PlannedGroup group, Fate what) : planned(std::move(group)), fate(what) {}
  };
  std::vector<Group> groups;             ///< of the new configuration, by visible path
  std::vector<std::string> removed;      ///< visible paths that are no more
  std::vector<std::string> not_applied;  ///< "[cache]": sections that changed and take effect with the next
                                         ///< mount
  ReloadPlan() = default;
};

/// Both without problems. A change of [metadata] or [read] changes every group.
ReloadPlan plan_reload(const Options& running, const Options& wanted);

/// What its [group] table says; the defaults without one.
GroupOptions rules_of(const Options& options, const std::string& visible_path);

/// The same server and folder as the same user: what is known of one member's health is true of the other.
bool same_endpoint(const StorageOptions& a, const StorageOptions& b);

}  // namespace balancefs
