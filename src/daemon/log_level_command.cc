// `balancefs log-level`: how much a running mount writes to its log, until it ends.
#include <fmt/format.h>

#include "control/log_control.h"
#include "daemon/mount_link.h"

namespace balancefs {

int log_level_command(const LogLevelArguments& arguments) {
  if (const auto level = parse_log_level(arguments.level); !level) return refuse(level.error(), kExitUsage);
  auto daemon = connect_to_mount(arguments.mountpoint);
  if (!daemon) return refuse(daemon.error());
  if (const auto done = ask_log_level(*daemon, arguments.level); !done) return refuse(done.error());
  fmt::print("log level {}\n", arguments.level);
  return kExitOk;
}

}  // namespace balancefs
