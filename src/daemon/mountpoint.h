// Whether a folder may become a mountpoint, and why not. Blocking; before the loop runs.
#pragma once

#include <string>

#include "balancefs/options.h"
#include "balancefs/result.h"
#include "base/mount_table.h"

namespace balancefs {

/// Absolute and without symbolic links, also when the mount there is dead. The error is one line for the
/// user.
Result<std::string> resolve_mountpoint(const std::string& path);

/// Whether a mount of ours at `point` has lost its daemon.
bool is_stale_mount(const std::string& point, const std::vector<MountEntry>& table);

/// Refuses what is missing, no folder, not empty, not writable for who mounts, or a mount already.
Result<void> check_mountpoint(const std::string& point, const std::vector<MountEntry>& table);

/// Refuses a mountpoint that overlaps with a folder that the daemon itself reads or writes: `local` storages,
/// the log file, `cache_folder` (empty: none). A daemon that waits for its own mount waits for ever.
Result<void> check_overlaps(const std::string& point, const Options& options,
                            const std::string& cache_folder);

/// All of the above; stale mounts of ours are detached first, all that lie there. Gives the path to mount at.
Result<std::string> prepare_mountpoint(const std::string& path, const Options& options);

}  // namespace balancefs
