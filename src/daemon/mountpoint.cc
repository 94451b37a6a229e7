#include "daemon/mountpoint.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>

#include "base/log.h"

namespace balancefs {
namespace {

std::unexpected<Error> refuse(std::string text) {
  return fail(ErrorKind::unsupported, std::move(text));
}

std::string real_path(const std::string& path) {
  char buffer[PATH_MAX];
  return ::realpath(path.c_str(), buffer) == nullptr ? std::string() : std::string(buffer);
}

Result<std::string> resolve_by_parent(const std::filesystem::path& path) {
  const std::string parent = real_path(path.parent_path().string());
  if (parent.empty()) return refuse(fmt::format("{}: {}", path.string(), std::strerror(errno)));
  return (std::filesystem::path(parent) / path.filename()).string();
}

Result<void> check_not_mounted(const std::string& point, const std::vector<MountEntry>& table) {
  const MountEntry* entry = find_mount(table, point);
  if (entry == nullptr) return {};
  if (entry->type == kMountType) {
    return refuse(
        fmt::format("{0}: balancefs is mounted here already; run 'balancefs unmount {0}' first", point));
  }
  return refuse(fmt::format("{}: is a mount point already ({} of type {}); take another folder", point,
                            entry->source, entry->type));
}

Result<void> check_empty(const std::string& point) {
  std::error_code error;
  const std::filesystem::directory_iterator entries(point, error);
  if (error) return refuse(fmt::format("{}: cannot be looked into: {}", point, error.message()));
  if (entries == std::filesystem::directory_iterator()) return {};
  return refuse(
      fmt::format("{}: is not empty, and the mount would hide what is in it; take an empty folder", point));
}

/// fusermount3 wants it, and says so in fewer words.
Result<void> check_writable(const std::string& point) {
  if (::geteuid() == 0 || ::access(point.c_str(), W_OK) == 0) return {};
  return refuse(
      fmt::format("{}: is not writable for you, as a mountpoint must be; take a folder of your own", point));
}

bool is_within(const std::string& path, const std::string& folder) {
  return path == folder || folder == "/" || path.starts_with(folder + "/");
}

Result<void> check_apart(const std::string& point, const std::string& folder, std::string_view what) {
  std::error_code error;
  const std::string real = std::filesystem::weakly_canonical(folder, error).string();
  const std::string& known = error ? folder : real;
  if (is_within(point, known)) {
    return refuse(fmt::format("{}: lies inside {} ({}); take a folder elsewhere", point, what, folder));
  }
  if (is_within(known, point)) {
    return refuse(fmt::format("{}: {} ({}) lies inside it; take another folder", point, what, folder));
  }
  return {};
}

}  // namespace

Result<std::string> resolve_mountpoint(const std::string& path) {
  if (path.empty()) return refuse("the mountpoint is empty");
  std::string real = real_path(path);
  if (!real.empty()) return real;
  switch (errno) {
    case ENOENT:
      return refuse(fmt::format("{0}: does not exist; make it with 'mkdir -p {0}'", path));
    case ENOTCONN:
    case EACCES: {  // a mount without a daemon, or somebody else's: its parent can be named all the same
      std::error_code error;
      std::filesystem::path whole = std::filesystem::absolute(path, error).lexically_normal();
      if (!whole.has_filename()) whole = whole.parent_path();
      return resolve_by_parent(whole);
    }
    default:
      return refuse(fmt::format("{}: {}", path, std::strerror(errno)));
  }
}

bool is_stale_mount(const std::string& point, const std::vector<MountEntry>& table) {
  const MountEntry* entry = find_mount(table, point);
  if (entry == nullptr || entry->type != kMountType) return false;
  // Not stat(): the kernel still has the root's attributes, and answers without a daemon.
  struct statfs info = {};
  return ::statfs(point.c_str(), &info) != 0 && errno == ENOTCONN;
}

Result<void> check_mountpoint(const std::string& point, const std::vector<MountEntry>& table) {
  if (const auto free = check_not_mounted(point, table); !free) return free;
  struct stat info = {};
  if (::stat(point.c_str(), &info) != 0) return refuse(fmt::format("{}: {}", point, std::strerror(errno)));
  if (!S_ISDIR(info.st_mode)) return refuse(fmt::format("{}: is not a folder", point));
  if (const auto empty = check_empty(point); !empty) return empty;
  return check_writable(point);
}

Result<void> check_overlaps(const std::string& point, const Options& options,
                            const std::string& cache_folder) {
  if (!cache_folder.empty()) {
    if (const auto apart = check_apart(point, cache_folder, "the cache"); !apart) return apart;
  }
  for (const StorageOptions& storage : options.storages) {
    if (storage.type != "local") continue;
    const std::string what = fmt::format("storage {}", storage.path);
    if (const auto apart = check_apart(point, storage.root, what); !apart) return apart;
  }
  if (options.log.target.starts_with('/') && is_within(options.log.target, point)) {
    return refuse(
        fmt::format("{}: the log file ({}) lies inside it; log elsewhere", point, options.log.target));
  }
  return {};
}

namespace {

/// Until the topmost mount at `point` is none of ours without a daemon; gives the table as it is then.
Result<std::vector<MountEntry>> detach_stale_mounts(const std::string& point) {
  std::vector<MountEntry> table = read_mount_table();
  for (std::size_t before = table.size() + 1; is_stale_mount(point, table) && table.size() < before;) {
    before = table.size();
    if (const auto detached = take_mount_down(point, true); !detached) {
      return refuse(fmt::format("{}: has a balancefs mount whose daemon is gone, and detaching it failed: {}",
                                point, detached.error().text));
    }
    log_info("{}: a mount whose daemon is gone; detached", point);
    table = read_mount_table();
  }
  return table;
}

}  // namespace

Result<std::string> prepare_mountpoint(const std::string& path, const Options& options) {
  Result<std::string> point = resolve_mountpoint(path);
  if (!point) return point;
  const auto table = detach_stale_mounts(*point);
  if (!table) return std::unexpected(table.error());
  if (const auto checked = check_mountpoint(*point, *table); !checked)
    return std::unexpected(checked.error());
  if (const auto apart = check_overlaps(*point, options, options.cache.dir); !apart)
    return std::unexpected(apart.error());
  return point;
}

}  // namespace balancefs
