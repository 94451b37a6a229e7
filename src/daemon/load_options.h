// What every command that needs the configuration does first: find it, load it, plan the groups, and print
// what is wrong with it.
#pragma once

#include <optional>
#include <string>

#include "balance/naming.h"
#include "balancefs/options.h"

namespace balancefs {

struct LoadedOptions {
  Options options;
  NamingPlan plan;
  LoadedOptions() = default;
};

/// Absent: every problem was printed to standard error, one line each as "file:line: key: what", and the
/// command ends with kExitUsage.
std::optional<LoadedOptions> load_options(const std::optional<std::string>& config);

}  // namespace balancefs
