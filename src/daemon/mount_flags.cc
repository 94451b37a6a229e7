#include "daemon/mount_flags.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace balancefs {
namespace {

/// Written in fstab for mount(8) and systemd, or what this mount does anyway.
constexpr std::array<std::string_view, 29> kMeaningless = {"rw",
                                                           "ro",
                                                           "default_permissions",
                                                           "defaults",
                                                           "auto",
                                                           "noauto",
                                                           "user",
                                                           "nouser",
                                                           "users",
                                                           "nousers",
                                                           "owner",
                                                           "noowner",
                                                           "group",
                                                           "nogroup",
                                                           "nofail",
                                                           "_netdev",
                                                           "suid",
                                                           "dev",
                                                           "exec",
                                                           "async",
                                                           "atime",
                                                           "relatime",
                                                           "norelatime",
                                                           "strictatime",
                                                           "nostrictatime",
                                                           "lazytime",
                                                           "nolazytime",
                                                           "loud",
                                                           "silent"};

/// The kernel keeps these for us.
constexpr std::array<std::string_view, 8> kKernelFlags = {"noexec",     "nosuid",   "nodev", "noatime",
                                                          "nodiratime", "diratime", "sync",  "dirsync"};

constexpr std::string_view kAccepted =
    "allow_other, ro, default_permissions, uid=N, gid=N, umask=OCTAL, noexec, nosuid, nodev, noatime, "
    "nodiratime, "
    "and what mount(8) and systemd read themselves (rw, auto, noauto, user, nofail, _netdev, x-...)";

template <std::size_t N>
bool contains(const std::array<std::string_view, N>& list, std::string_view option) {
  return std::ranges::find(list, option) != list.end();
}

bool is_for_others(std::string_view option) {
  return contains(kMeaningless, option) || option.starts_with("x-") || option.starts_with("X-") ||
         option.starts_with("comment=");
}

std::optional<std::uint32_t> parse_in_base(std::string_view text, int base, std::uint32_t largest) {
  std::uint32_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value, base);
  const bool whole = parsed.ec == std::errc() && parsed.ptr == text.data() + text.size();
  return whole && value <= largest ? std::optional(value) : std::nullopt;
}

/// Sets the flag that `option` ("uid=5") names; false when it names none or the value is not possible.
bool take_value(std::string_view option, MountFlags& flags) {
  constexpr std::uint32_t kLargestId = 4294967294;
  const std::size_t equals = option.find('=');
  if (equals == std::string_view::npos) return false;
  const std::string_view name = option.substr(0, equals);
  const std::string_view value = option.substr(equals + 1);
  if (name == "uid") return (flags.uid = parse_in_base(value, 10, kLargestId)).has_value();
  if (name == "gid") return (flags.gid = parse_in_base(value, 10, kLargestId)).has_value();
  if (name == "umask") return (flags.umask = parse_in_base(value, 8, 0777)).has_value();
  return false;
}

bool take_option(std::string_view option, MountFlags& flags) {
  if (option.empty() || is_for_others(option)) return true;
  if (contains(kKernelFlags, option)) {
    flags.kernel_flags.emplace_back(option);
    return true;
  }
  if (option == "allow_other") {
    flags.allow_other = true;
    return true;
  }
  return take_value(option, flags);
}

}  // namespace

std::expected<MountFlags, std::string> parse_mount_flags(const std::vector<std::string>& arguments) {
  MountFlags flags;
  for (std::string_view rest : arguments) {
    while (!rest.empty()) {
      const std::string_view option = rest.substr(0, rest.find(','));
      rest.remove_prefix(std::min(rest.size(), option.size() + 1));
      if (take_option(option, flags)) continue;
      return std::unexpected(fmt::format("-o {}: not possible; accepted: {}", option, kAccepted));
    }
  }
  return flags;
}

void apply_mount_flags(const MountFlags& flags, MountOptions& mount) {
  if (flags.allow_other) mount.allow_other = true;
  if (flags.uid) mount.uid = flags.uid;
  if (flags.gid) mount.gid = flags.gid;
  if (flags.umask) mount.umask = *flags.umask;
  mount.kernel_flags.insert(mount.kernel_flags.end(), flags.kernel_flags.begin(), flags.kernel_flags.end());
}

}  // namespace balancefs
