// `balancefs reload`: a running mount reads its configuration again.
#include <fmt/format.h>

#include <cstdio>

#include "base/text.h"
#include "control/reload_control.h"
#include "daemon/mount_link.h"

namespace balancefs {
namespace {

/// A configuration's mistakes, a line each.
int refuse_lines(const Error& error) {
  for (std::size_t begin = 0; begin < error.text.size();) {
    const std::size_t end = std::min(error.text.find('\n', begin), error.text.size());
    fmt::print(stderr, "balancefs: {}\n", escape_controls(error.text.substr(begin, end - begin)));
    begin = end + 1;
  }
  return error.kind == ErrorKind::unsupported ? kExitUsage : kExitFailed;
}

}  // namespace

int reload_command(const ReloadArguments& arguments) {
  auto daemon = connect_to_mount(arguments.mountpoint);
  if (!daemon) return refuse(daemon.error());
  const auto done = ask_reload(*daemon);
  if (!done) return refuse_lines(done.error());
  for (const std::string& line : done->warnings) fmt::print(stderr, "{}\n", escape_controls(line));
  fmt::print("{}\n", escape_controls(describe(*done)));
  return kExitOk;
}

}  // namespace balancefs
