// `balancefs log-level`: how much a running mount writes to its log, until it ends.
#include <fmt/format.h>

#include <cstdio>

#include "base/text.h"
#include "control/log_level_control.h"
#include "daemon/commands.h"
#include "daemon/mount_choice.h"

namespace balancefs {

int log_level_command(const LogLevelArguments& arguments) {
  const auto refuse = [](const Error& error, int status) {
    fmt::print(stderr, "balancefs: {}\n", escape_controls(error.text));
    return status;
  };
  if (const auto level = parse_log_level(arguments.level); !level) return refuse(level.error(), kExitUsage);
  const auto mount = choose_mount(arguments.mountpoint, read_mount_table());
  if (!mount) return refuse(mount.error(), kExitFailed);
  auto daemon = ControlClient::connect(*mount);
  if (!daemon) return refuse(daemon.error(), kExitFailed);
  if (const auto done = ask_log_level(*daemon, arguments.level); !done)
    return refuse(done.error(), kExitFailed);
  fmt::print("{}: log level {}\n", escape_controls(mount->point), arguments.level);
  return kExitOk;
}

}  // namespace balancefs
