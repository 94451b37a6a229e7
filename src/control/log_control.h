// `log-level` and `log` on the control socket: both of their sides.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "balancefs/options.h"
#include "control/control_client.h"
#include "control/control_commands.h"

namespace balancefs {

/// "error", "warning", "info", "debug", "trace"; `unsupported`, with these words, for others.
Result<LogOptions::Level> parse_log_level(std::string_view word);

/// The daemon's side.
void add_log(ControlCommands& commands);

/// The command's side.
Result<void> ask_log_level(ControlClient& client, const std::string& level);
/// The last lines, the oldest first.
Result<std::vector<std::string>> ask_log(ControlClient& client);

}  // namespace balancefs
