#include "base/mount_table.h"

#include <fmt/format.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>

#include "base/child_process.h"
#include "base/text.h"

namespace balancefs {
namespace {

/// "\040" and the like, as the kernel writes blanks, tabs, line ends and backslashes.
std::string unescape(std::string_view text) {
  const auto octal = [](char c) { return c >= '0' && c <= '7'; };
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escaped = text[i] == '\\' && i + 3 < text.size() && octal(text[i + 1]) && octal(text[i + 2]) &&
                         octal(text[i + 3]);
    if (!escaped) {
      out.push_back(text[i]);
      continue;
    }
    out.push_back(
        static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0')));
    i += 3;
  }
  return out;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const std::string_view part = text.substr(0, text.find(separator));
    text.remove_prefix(std::min(text.size(), part.size() + 1));
    if (!part.empty()) parts.push_back(part);
  }
  return parts;
}

/// "rw,user_id=1000,group_id=1000": 1000. Other file systems have no owner: 0.
std::uint32_t owner_of(std::string_view options) {
  constexpr std::string_view kOwner = "user_id=";
  for (const std::string_view option : split(options, ',')) {
    if (!option.starts_with(kOwner)) continue;
    return static_cast<std::uint32_t>(parse_number(option.substr(kOwner.size())).value_or(0));
  }
  return 0;
}

/// "36 35 98:0 /root /point rw shared:1 - ext4 /dev/sda1 rw": the part after " - " begins with type and
/// source.
std::optional<MountEntry> parse_line(std::string_view line) {
  const std::size_t separator = line.find(" - ");
  if (separator == std::string_view::npos) return std::nullopt;
  const auto before = split(line.substr(0, separator), ' ');
  const auto after = split(line.substr(separator + 3), ' ');
  if (before.size() < 6 || after.size() < 2) return std::nullopt;
  MountEntry entry;
  entry.device = before[2];
  entry.root = unescape(before[3]);
  entry.point = unescape(before[4]);
  entry.type = unescape(after[0]);
  entry.source = unescape(after[1]);
  if (after.size() > 2) entry.owner = owner_of(after[2]);
  return entry;
}

std::vector<std::string> fusermount(const std::string& point, bool lazily) {
  std::vector<std::string> argv = {"fusermount3", "-u"};
  if (lazily) argv.emplace_back("-z");
  argv.emplace_back("--");
  argv.push_back(point);
  return argv;
}

}  // namespace

std::vector<MountEntry> parse_mount_table(std::string_view text) {
  std::vector<MountEntry> table;
  for (const std::string_view line : split(text, '\n')) {
    if (auto entry = parse_line(line)) table.push_back(std::move(*entry));
  }
  return table;
}

std::vector<MountEntry> read_mount_table() {
  std::ifstream file("/proc/self/mountinfo");
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  return parse_mount_table(text);
}

const MountEntry* find_mount(const std::vector<MountEntry>& table, std::string_view point) {
  const MountEntry* found = nullptr;
  for (const MountEntry& entry : table) {
    if (entry.point == point) found = &entry;
  }
  return found;
}

const MountEntry* find_mount_of(const std::vector<MountEntry>& table, std::string_view path) {
  const auto contains = [path](const std::string& point) {
    if (point == "/" || path == point) return true;
    return path.starts_with(point) && path[point.size()] == '/';
  };
  const MountEntry* found = nullptr;
  for (const MountEntry& entry : table) {
    if (contains(entry.point)) found = &entry;
  }
  return found;
}

Result<void> take_mount_down(const std::string& point, bool lazily) {
  if (::geteuid() == 0) {
    if (::umount2(point.c_str(), UMOUNT_NOFOLLOW | (lazily ? MNT_DETACH : 0)) == 0) return {};
    // Root without the capability, in a container, may still have fusermount3.
    if (errno != EPERM) return fail(ErrorKind::unavailable, std::strerror(errno));
  }
  ChildCommand command;
  command.argv = fusermount(point, lazily);
  command.timeout = std::chrono::seconds(20);
  command.collect_stderr = true;
  const Result<ChildOutcome> outcome = run_child(command);
  if (!outcome) return std::unexpected(outcome.error());
  if (outcome->exit_status == 0) return {};
  return fail(ErrorKind::unavailable, escape_controls(trim(outcome->output)));
}

void abandon_mount(const std::string& point) {
  if (::geteuid() == 0 && ::umount2(point.c_str(), UMOUNT_NOFOLLOW | MNT_DETACH) == 0) return;
  static_cast<void>(start_child(fusermount(point, true)));
}

}  // namespace balancefs
