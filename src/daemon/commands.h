// The commands of the program: what each is given, and that it returns the exit status. One file per command.
#pragma once

#include <optional>
#include <string>

#include "daemon/mount_flags.h"

namespace balancefs {

/// Exit statuses, documented in `balancefs --help`.
constexpr int kExitOk = 0;
constexpr int kExitFailed = 1;
constexpr int kExitUsage = 2;  ///< wrong command line or wrong configuration: trying again changes nothing

struct MountArguments {
  std::optional<std::string> mountpoint;
  std::optional<std::string> config;
  bool foreground = false;
  MountFlags flags;
  MountArguments() = default;
};

struct UnmountArguments {
  std::string mountpoint;
  bool now = false;
  UnmountArguments() = default;
};

struct CheckArguments {
  std::optional<std::string> config;
  CheckArguments() = default;
};

struct DemoArguments {
  std::optional<std::string> mountpoint;
  bool no_wait = false;
  DemoArguments() = default;
};

struct RefreshArguments {
  std::string path;
  std::optional<std::string> mountpoint;
  bool recursive = false;
  RefreshArguments() = default;
};

struct StatusArguments {
  std::optional<std::string> mountpoint;
  bool json = false;
  bool watch = false;
  bool report = false;
  StatusArguments() = default;
};

/// Of `drain` and `undrain`.
struct DrainArguments {
  std::string storage;
  std::optional<std::string> mountpoint;
  bool drained = true;
  DrainArguments() = default;
};

struct LogLevelArguments {
  std::string level;
  std::optional<std::string> mountpoint;
  LogLevelArguments() = default;
};

struct ReloadArguments {
  std::optional<std::string> mountpoint;
  ReloadArguments() = default;
};

/// Its own exit statuses: 0 the same, 1 differences, 2 could not be compared completely.
struct VerifyArguments {
  std::string group;
  std::optional<std::string> config;
  bool deep = false;
  std::optional<std::size_t> sample;
  bool json = false;
  VerifyArguments() = default;
};

int mount_command(const MountArguments& arguments);
int unmount_command(const UnmountArguments& arguments);
int check_command(const CheckArguments& arguments);
int refresh_command(const RefreshArguments& arguments);
int status_command(const StatusArguments& arguments);
int drain_command(const DrainArguments& arguments);
int reload_command(const ReloadArguments& arguments);
int log_level_command(const LogLevelArguments& arguments);
int verify_command(const VerifyArguments& arguments);
int demo_command(const DemoArguments& arguments);

}  // namespace balancefs
