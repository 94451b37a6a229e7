// `balancefs unmount`: takes a mount of ours down and waits until its daemon has ended.
#include <fmt/format.h>

#include <cstdio>

#include "base/mount_table.h"
#include "base/text.h"
#include "daemon/commands.h"
#include "daemon/mount_mark.h"
#include "daemon/mountpoint.h"

namespace balancefs {
namespace {

/// A daemon ends within 10 s of its unmount (docs/SEMANTICS.md), and some of that may be spent already.
constexpr std::chrono::seconds kLongestWait{15};

int refuse(std::string_view line) {
  fmt::print(stderr, "balancefs: {}\n", escape_controls(line));
  return kExitFailed;
}

int explain_failure(const std::string& point, const Error& error, bool now) {
  if (now) return refuse(fmt::format("{}: {}", point, error.text));
  return refuse(fmt::format(
      "{0}: {1}; if programs have files open there ('fuser -vm {0}' names them), end them first, or detach "
      "it under them with 'balancefs unmount --now {0}'",
      point, error.text));
}

}  // namespace

int unmount_command(const UnmountArguments& arguments) {
  const auto point = resolve_mountpoint(arguments.mountpoint);
  if (!point) return refuse(point.error().text);
  const std::vector<MountEntry> table = read_mount_table();
  const MountEntry* entry = find_mount(table, *point);
  if (entry == nullptr) return refuse(fmt::format("{}: nothing is mounted here", *point));
  if (entry->type != kMountType) {
    return refuse(
        fmt::format("{}: is not a mount of balancefs but {} of type {}", *point, entry->source, entry->type));
  }
  const std::optional<MountMark> daemon = MountMark::find(entry->device);
  const auto taken_down = take_mount_down(*point, arguments.now);
  if (!taken_down) return explain_failure(*point, taken_down.error(), arguments.now);
  if (arguments.now || !daemon || daemon->wait_for_end(kLongestWait)) return kExitOk;
  return refuse(fmt::format("{}: unmounted, but its daemon has not ended yet", *point));
}

}  // namespace balancefs
