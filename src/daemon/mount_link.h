// How a command reaches the daemon of a mount, and how it says that it failed. Blocking; for commands.
#pragma once

#include <optional>
#include <string>

#include "control/control_client.h"
#include "daemon/commands.h"

namespace balancefs {

/// One line on standard error; gives `status`.
int refuse(const Error& error, int status = kExitFailed);

/// The daemon of the mount at `mountpoint`, or of the only mount there is. The error is one line for the
/// user.
Result<ControlClient> connect_to_mount(const std::optional<std::string>& mountpoint);

}  // namespace balancefs
