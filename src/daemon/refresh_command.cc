// `balancefs refresh`: what is cached about a path of a mount is stale from now on.
#include <fmt/format.h>

#include <cstdio>

#include "base/text.h"
#include "control/refresh_control.h"
#include "daemon/mount_choice.h"
#include "daemon/mount_link.h"

namespace balancefs {
namespace {

/// With a mountpoint the path is one of the mount's own tree, as the configuration writes them.
Result<PlaceInMount> place_of(const RefreshArguments& arguments) {
  const std::vector<MountEntry> table = read_mount_table();
  if (!arguments.mountpoint) return find_place(arguments.path, table);
  const auto mount = choose_mount(arguments.mountpoint, table);
  if (!mount) return std::unexpected(mount.error());
  PlaceInMount place;
  place.mount = *mount;
  place.inside = arguments.path;
  return place;
}

std::string counted(std::uint64_t count, std::string_view thing) {
  return fmt::format("{} {}{}", count, thing, count == 1 ? "" : "s");
}

}  // namespace

int refresh_command(const RefreshArguments& arguments) {
  const auto place = place_of(arguments);
  if (!place) return refuse(place.error());
  auto daemon = ControlClient::connect(place->mount);
  if (!daemon) return refuse(daemon.error());
  const auto done = ask_refresh(*daemon, place->inside, arguments.recursive);
  if (!done) return refuse(done.error());
  const std::string line =
      fmt::format("refreshed /{}{} at {}: {} in {} asked for anew when next used", done->folder,
                  arguments.recursive ? " and all below it" : "", place->mount.point,
                  counted(done->listings, "known listing"), counted(done->groups, "group"));
  fmt::print("{}\n", escape_controls(line));
  return kExitOk;
}

}  // namespace balancefs
