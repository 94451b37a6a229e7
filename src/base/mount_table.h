// The kernel's table of mounts, and taking a mount out of it. Never touches a mounted file system itself: one
// whose daemon is stuck would not answer.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "balancefs/result.h"

namespace balancefs {

/// The type that our mounts have in the table.
constexpr std::string_view kMountType = "fuse.balancefs";

struct MountEntry {
  std::string point;        ///< absolute, without symbolic links
  std::string type;         ///< "ext4", "fuse.balancefs"
  std::string source;       ///< "/dev/sda1"
  std::string device;       ///< "0:57", the kernel's number of this file system
  std::string root;         ///< what of it is seen at `point`: "/", or a folder in it (a bind mount)
  std::uint32_t owner = 0;  ///< of a FUSE mount: the user who mounted it

  MountEntry() = default;
};

/// Lines of /proc/self/mountinfo; damaged ones are skipped.
std::vector<MountEntry> parse_mount_table(std::string_view text);
std::vector<MountEntry> read_mount_table();
/// The mount that is seen at `point`: the last one there. Null when there is none.
const MountEntry* find_mount(const std::vector<MountEntry>& table, std::string_view point);

/// The mount that `path` (absolute, without symbolic links) lies in: the last one that is mounted at or above
/// it. Null when the table names none.
const MountEntry* find_mount_of(const std::vector<MountEntry>& table, std::string_view path);

/// Unmounts; `lazily` detaches at once, although it is in use. As root directly, else by fusermount3. Blocks
/// for at most 20 s.
Result<void> take_mount_down(const std::string& point, bool lazily);
/// Detaches without waiting, for a process that is about to end and whose mount may be stuck.
void abandon_mount(const std::string& point);

}  // namespace balancefs
