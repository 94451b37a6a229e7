// How much memory buffered file data may take when the configuration does not say: an eighth of what this
// process may use, at most 256 MiB. Reads files of the kernel; called once, at the start.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace balancefs {

/// min(256 MiB, an eighth of RAM or of the cgroup's limit), in bytes.
std::uint64_t automatic_memory_budget();

/// The tightest limit on the way from a process's cgroup up to the root; absent when there is none.
/// `membership`: the text of /proc/self/cgroup; `hierarchy`: where cgroups are mounted, /sys/fs/cgroup.
std::optional<std::uint64_t> cgroup_memory_limit(std::string_view membership, const std::string& hierarchy);

}  // namespace balancefs
