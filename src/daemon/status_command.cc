// `balancefs status`: what a mount does and why; once, again and again, as JSON, or for a report.
#include <fmt/format.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cstdio>

#include "base/text.h"
#include "control/log_control.h"
#include "control/status_control.h"
#include "control/status_json.h"
#include "daemon/mount_choice.h"
#include "daemon/mount_link.h"
#include "daemon/status_text.h"
#include "daemon/terminal.h"
#include "daemon/watch_screen.h"

namespace balancefs {
namespace {

Result<Json> status_of(const MountEntry& mount) {
  auto daemon = ControlClient::connect(mount);
  if (!daemon) return std::unexpected(daemon.error());
  return ask_status(*daemon);
}

int show_once(const Json& status) {
  const auto snapshot = parse_status(status);
  if (!snapshot) return refuse(snapshot.error());
  StatusStyle style;
  style.colours = wants_colours();
  if (style.colours) style.width = screen_width();
  fmt::print("{}", status_text(*snapshot, style));
  return kExitOk;
}

int watch(const MountEntry& mount) {
  WatchScreen screen;
  do {
    const auto status = status_of(mount);
    if (!status) {
      screen.close();
      return refuse(status.error());
    }
    const auto snapshot = parse_status(*status);
    if (!snapshot) {
      screen.close();
      return refuse(snapshot.error());
    }
    StatusStyle style;
    style.colours = wants_colours();
    style.width = screen_width();
    screen.show(status_text(*snapshot, style));
  } while (screen.wait(std::chrono::seconds(1)));
  return kExitOk;
}

/// Everything that a bug report needs. What is in status and log holds no secret.
int report(const MountEntry& mount, const Json& status) {
  utsname system{};
  ::uname(&system);
  fmt::print("balancefs {}\n{} {} {}\n", BALANCEFS_VERSION, system.sysname, system.release, system.machine);
  if (std::FILE* release = std::fopen("/etc/os-release", "re"); release != nullptr) {
    char line[256];
    while (std::fgets(line, sizeof line, release) != nullptr) {
      if (std::string_view(line).starts_with("PRETTY_NAME="))
        fmt::print("{}", escape_controls(trim(line)) + "\n");
    }
    std::fclose(release);
  }
  fmt::print("{}\n", status.dump(2, ' ', false, Json::error_handler_t::replace));
  auto daemon = ControlClient::connect(mount);
  const auto log = daemon ? ask_log(*daemon) : std::unexpected(daemon.error());
  fmt::print("\nThe end of the log:\n");
  if (!log) fmt::print("not to be had: {}\n", log.error().text);
  for (const std::string& line : log.value_or(std::vector<std::string>()))
    fmt::print("{}\n", escape_controls(line));
  return kExitOk;
}

}  // namespace

int status_command(const StatusArguments& arguments) {
  if (arguments.watch && ::isatty(STDOUT_FILENO) == 0)
    return refuse(Error(ErrorKind::unsupported, "--watch needs a terminal; --json is for programs"));
  const auto mount = choose_mount(arguments.mountpoint, read_mount_table());
  if (!mount) return refuse(mount.error());
  if (arguments.watch) return watch(*mount);
  const auto status = status_of(*mount);
  if (!status) return refuse(status.error());
  if (arguments.report) return report(*mount, *status);
  if (!arguments.json) return show_once(*status);
  fmt::print("{}\n", status->dump(2, ' ', false, Json::error_handler_t::replace));
  return kExitOk;
}

}  // namespace balancefs
