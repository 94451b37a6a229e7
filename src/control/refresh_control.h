// `refresh` on the control socket: both of its sides.
#pragma once

#include <string>

#include "control/control_client.h"
#include "control/control_commands.h"
#include "fs/filesystem.h"

namespace balancefs {

/// What the daemon did: as RefreshReport, by a path in the mount.
struct RefreshAnswer {
  std::string folder;
  std::uint64_t groups = 0;
  std::uint64_t listings = 0;

  RefreshAnswer() = default;
};

/// The daemon's side; `filesystem` outlives the server. The answer comes when the kernel has been told too.
void add_refresh(ControlCommands& commands, Filesystem& filesystem, Clock& clock);

/// The command's side. `path`: in the mount.
Result<RefreshAnswer> ask_refresh(ControlClient& client, const std::string& path, bool recursive);

}  // namespace balancefs
