// Which mount a command means: by a path in it, by its mountpoint, or the only one there is.
//
// The kernel's table and links outside of our mounts are looked at, and never anything inside one: what a
// path means there is the daemon's to say, the path need not exist any more, and a daemon that is stuck must
// not hang the command. Blocking; for commands.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "balancefs/result.h"
#include "base/mount_table.h"

namespace balancefs {

/// A path and the mount of ours that it lies in.
struct PlaceInMount {
  MountEntry mount;
  std::string inside;  ///< the path in the mount, without a leading '/'

  PlaceInMount() = default;
};

/// `path` as the user wrote it. The error is one line for the user.
Result<PlaceInMount> find_place(const std::string& path, const std::vector<MountEntry>& table);

/// The mount at `mountpoint`; without one the only mount there is.
Result<MountEntry> choose_mount(const std::optional<std::string>& mountpoint,
                                const std::vector<MountEntry>& table);

}  // namespace balancefs
