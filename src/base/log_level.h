// The names of log levels, as the configuration and `balancefs log-level` write them.
#pragma once

#include <array>
#include <string_view>

#include "balancefs/options.h"

namespace balancefs {

/// In the order of LogOptions::Level.
constexpr std::array<std::string_view, 5> kLogLevelNames = {"error", "warning", "info", "debug", "trace"};
static_assert(static_cast<std::size_t>(LogOptions::Level::trace) + 1 == kLogLevelNames.size());

}  // namespace balancefs
