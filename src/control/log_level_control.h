// `log-level` on the control socket: both of its sides.
#pragma once

#include <string>
#include <string_view>

#include "balancefs/options.h"
#include "control/control_client.h"
#include "control/control_commands.h"

namespace balancefs {

/// "error", "warning", "info", "debug", "trace"; `unsupported`, with these words, for others.
Result<LogOptions::Level> parse_log_level(std::string_view word);

/// The daemon's side.
void add_log_level(ControlCommands& commands);

/// The command's side.
Result<void> ask_log_level(ControlClient& client, const std::string& level);

}  // namespace balancefs
