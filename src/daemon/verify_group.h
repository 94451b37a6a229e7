// Which group `verify` is about. Pure.
#pragma once

#include <string_view>

#include "balance/naming.h"
#include "balancefs/result.h"

namespace balancefs {

/// By its visible path, also without the first slash or with one at the end. An error names the groups that
/// there are, or says why there is nothing to compare.
Result<const NamingPlan::PlannedGroup*> group_to_verify(const NamingPlan& plan, std::string_view wanted);

}  // namespace balancefs
