#include "daemon/mount_choice.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <deque>
#include <filesystem>
#include <set>

#include "daemon/mountpoint.h"

namespace balancefs {
namespace {

constexpr int kMostLinks = 40;  // as the kernel

std::unexpected<Error> refuse(std::string text) {
  return fail(ErrorKind::unsupported, std::move(text));
}

std::deque<std::string> components(const std::string& path) {
  std::deque<std::string> parts;
  for (const auto& part : std::filesystem::path(path)) {
    if (!part.empty() && part != "/") parts.push_back(part.string());
  }
  return parts;
}

std::string child(const std::string& folder, const std::string& name) {
  return folder == "/" ? "/" + name : folder + "/" + name;
}

std::string parent(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
}

bool is_ours(const MountEntry* entry) {
  return entry != nullptr && entry->type == kMountType;
}

/// Absolute and without symbolic links, as realpath(3), but for what lies in a mount of ours: there are no
/// links in it, and nothing in it is asked for.
Result<std::string> resolve(const std::string& path, const std::vector<MountEntry>& table) {
  std::error_code error;
  const std::string absolute = std::filesystem::absolute(path, error).string();
  if (path.empty() || error) return refuse(fmt::format("'{}': {}", path, error.message()));
  std::deque<std::string> left = components(absolute);
  std::string done = "/";
  int links = 0;
  while (!left.empty()) {
    const std::string part = std::move(left.front());
    left.pop_front();
    if (part == ".") continue;
    if (part == "..") {
      done = parent(done);
      continue;
    }
    const std::string next = child(done, part);
    char target[PATH_MAX];
    const ssize_t size =
        is_ours(find_mount_of(table, done)) ? -1 : ::readlink(next.c_str(), target, PATH_MAX);
    if (size < 0) {
      done = next;
      continue;
    }
    if (++links > kMostLinks) return refuse(fmt::format("{}: {}", path, std::strerror(ELOOP)));
    const std::string link(target, static_cast<std::size_t>(size));
    if (link.starts_with('/')) done = "/";
    const std::deque<std::string> more = components(link);
    left.insert(left.begin(), more.begin(), more.end());
  }
  return done;
}

/// For messages: where mounts of ours are, each once.
std::string all_points(const std::vector<MountEntry>& table) {
  std::set<std::string> points;
  for (const MountEntry& entry : table) {
    if (is_ours(find_mount(table, entry.point))) points.insert(entry.point);
  }
  return fmt::format("{}", fmt::join(points, ", "));
}

}  // namespace

Result<PlaceInMount> find_place(const std::string& path, const std::vector<MountEntry>& table) {
  const auto real = resolve(path, table);
  if (!real) return std::unexpected(real.error());
  const MountEntry* mount = find_mount_of(table, *real);
  if (!is_ours(mount)) {
    const std::string points = all_points(table);
    return refuse(fmt::format("{}: lies in no mount of balancefs ({})", path,
                              points.empty() ? "none is mounted" : "mounted: " + points));
  }
  PlaceInMount place;
  place.mount = *mount;
  // A bind mount shows a folder of the mount: what is below it is below that.
  const std::string below = real->substr(std::min(real->size(), mount->point.size()));
  for (const std::string& part : components(mount->root + "/" + below)) {
    place.inside += (place.inside.empty() ? "" : "/") + part;
  }
  return place;
}

Result<MountEntry> choose_mount(const std::optional<std::string>& mountpoint,
                                const std::vector<MountEntry>& table) {
  if (mountpoint) {
    const auto point = resolve(*mountpoint, table);
    if (!point) return std::unexpected(point.error());
    const MountEntry* mount = find_mount(table, *point);
    if (!is_ours(mount)) return refuse(fmt::format("no balancefs is mounted at {}", *mountpoint));
    return *mount;
  }
  std::set<std::string> devices;
  const MountEntry* only = nullptr;
  for (const MountEntry& entry : table) {
    if (!is_ours(&entry) || !devices.insert(entry.device).second) continue;
    only = &entry;
  }
  if (only == nullptr) return refuse("no balancefs is mounted");
  if (devices.size() == 1) return *only;
  return refuse(
      fmt::format("several are mounted ({}): choose one with --mount MOUNTPOINT", all_points(table)));
}

}  // namespace balancefs
