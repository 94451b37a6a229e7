// What every command that needs the configuration does first: find it, load it, plan the groups, and print
// what is wrong with it.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "balance/naming.h"
#include "balancefs/options.h"

namespace balancefs {

struct LoadedOptions {
  Options options;
  NamingPlan plan;
  LoadedOptions() = default;
};

/// What is wrong comes one line each, as "file:line: key: what", ready to be shown. Blocks.
std::expected<LoadedOptions, std::vector<std::string>> read_options(const std::string& file);

/// Absent: every problem was printed to standard error, and the command ends with kExitUsage.
std::optional<LoadedOptions> load_options(const std::optional<std::string>& config);

}  // namespace balancefs
