// `reload` on the control socket: both of its sides.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "control/control_client.h"
#include "control/control_commands.h"

namespace balancefs {

/// What a reload did. Groups are named by their visible paths.
struct ReloadReport {
  std::vector<std::string> kept;     ///< nothing about them changed
  std::vector<std::string> changed;  ///< made anew
  std::vector<std::string> added;
  std::vector<std::string> removed;
  std::vector<std::string> not_applied;  ///< sections that changed, and that the next mount applies
  std::vector<std::string> warnings;     ///< of the configuration, one line each
  ReloadReport() = default;
};

/// "1 group changed (/pt), 1 removed (/old); not applied before the next mount: [mount]".
std::string describe(const ReloadReport& report);

/// Reads the configuration again. The error has one line for each mistake in it; then nothing changed.
using Reload = std::function<Task<Result<ReloadReport>>()>;

/// The daemon's side; what `reload` uses outlives the server.
void add_reload(ControlCommands& commands, Reload reload);

/// The command's side.
Result<ReloadReport> ask_reload(ControlClient& client);

}  // namespace balancefs
