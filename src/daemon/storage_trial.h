// Trying all configured storages for `check`: each by itself, all at once, then the members of each group
// beside each other. Has a loop and a transport of its own, which end with the call.
#pragma once

#include <vector>

#include "balance/naming.h"
#include "daemon/group_check.h"
#include "daemon/storage_check.h"

namespace balancefs {

struct TrialResults {
  std::vector<StorageCheck> storages;  ///< by the storage's index in the options
  std::vector<GroupCheck> groups;      ///< of groups with two members or more that answer
  TrialResults() = default;
};

/// Blocks for kCheckTimeout at most, and a second.
TrialResults try_storages(const Options& options, const NamingPlan& plan);

}  // namespace balancefs
