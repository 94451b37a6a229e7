// `-o opt,opt`: what users of fstab and mount(8) write. Pure.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "balancefs/options.h"

namespace balancefs {

struct MountFlags {
  bool allow_other = false;
  std::optional<std::uint32_t> uid;
  std::optional<std::uint32_t> gid;
  std::optional<std::uint32_t> umask;
  std::vector<std::string> kernel_flags;

  MountFlags() = default;
};

/// Each string is one -o argument. Options that are for mount(8) and systemd (noauto, nofail, _netdev, x-...,
/// rw) are accepted and mean nothing here. The error names the option and what is accepted.
std::expected<MountFlags, std::string> parse_mount_flags(const std::vector<std::string>& arguments);

/// The command line wins over the configuration.
void apply_mount_flags(const MountFlags& flags, MountOptions& mount);

}  // namespace balancefs
