// `drain` and `undrain` on the control socket: both of their sides.
#pragma once

#include <functional>
#include <string>

#include "control/control_client.h"
#include "control/control_commands.h"

namespace balancefs {

struct DrainReport {
  std::string group;         ///< the visible path of the member's group
  bool changed = false;      ///< false: it was so before
  std::uint64_t left = 0;    ///< members of the group that are not drained
  std::uint64_t usable = 0;  ///< of these: in use now
  DrainReport() = default;
};

Json drain_json(const DrainReport& report);

/// `storage`: a mount path. The error names the storages there are.
using Drain = std::function<Result<DrainReport>(const std::string& storage, bool drained)>;

/// The daemon's side; what `drain` uses outlives the server.
void add_drain(ControlCommands& commands, const Drain& drain);

/// The command's side.
Result<DrainReport> ask_drain(ControlClient& client, const std::string& storage, bool drained);

}  // namespace balancefs
