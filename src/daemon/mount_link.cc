#include "daemon/mount_link.h"

#include <fmt/format.h>

#include <cstdio>

#include "base/text.h"
#include "daemon/mount_choice.h"

namespace balancefs {

int refuse(const Error& error, int status) {
  fmt::print(stderr, "balancefs: {}\n", escape_controls(error.text));
  return status;
}

Result<ControlClient> connect_to_mount(const std::optional<std::string>& mountpoint) {
  const auto mount = choose_mount(mountpoint, read_mount_table());
  if (!mount) return std::unexpected(mount.error());
  return ControlClient::connect(*mount);
}

}  // namespace balancefs
