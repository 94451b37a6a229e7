// `status` on the control socket: both of its sides.
#pragma once

#include <functional>

#include "control/control_client.h"
#include "control/control_commands.h"
#include "control/snapshot.h"

namespace balancefs {

/// The daemon's side; what `take` uses outlives the server.
void add_status(ControlCommands& commands, std::function<Snapshot()> take);

/// The command's side: as docs/STATUS.md describes it.
Result<Json> ask_status(ControlClient& client);

}  // namespace balancefs
