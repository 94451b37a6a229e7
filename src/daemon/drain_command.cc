// `balancefs drain` and `undrain`: a member out of rotation, and in again.
#include <fmt/format.h>

#include <cstdio>

#include "base/text.h"
#include "control/drain_control.h"
#include "daemon/mount_link.h"

namespace balancefs {
namespace {

std::string describe(const DrainArguments& arguments, const DrainReport& report) {
  const std::string_view state = arguments.drained ? "drained" : "in rotation";
  std::string line = fmt::format("{} {} {}", arguments.storage, report.changed ? "is" : "was already", state);
  if (!arguments.drained) return line;
  line += ": it gets no new files, and finishes those it has";
  if (report.left == 0) return line + "; no member of " + report.group + " is left for new files";
  if (report.usable == 0) return line + "; of " + report.group + "'s other members none is in use now";
  return line;
}

}  // namespace

int drain_command(const DrainArguments& arguments) {
  auto daemon = connect_to_mount(arguments.mountpoint);
  if (!daemon) return refuse(daemon.error());
  const auto done = ask_drain(*daemon, arguments.storage, arguments.drained);
  if (!done) return refuse(done.error());
  fmt::print("{}\n", escape_controls(describe(arguments, *done)));
  return kExitOk;
}

}  // namespace balancefs
