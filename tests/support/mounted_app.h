// The real binary, mounted: what the tests below tests/mount run against.
//
// A MountedApp writes a configuration into a scratch directory, starts `balancefs mount --foreground` as a
// child and returns once the mount answers. Its end asserts what every mount owes: SIGTERM ends it with
// status 0 in time and leaves no mount behind. The child gets SIGTERM when the test dies. Log level is debug,
// into a file.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "support/program.h"
#include "support/servers.h"

namespace balancefs::test {

/// One [[storage]] of the configuration.
struct StorageLines {
  std::string path, type;
  std::string place;  ///< the URL; the directory of a local one
  std::string extra;  ///< further lines: "weight = 2\n"

  StorageLines(std::string mount_path, std::string driver, std::string where, std::string more = {});
};

struct MountConfig {
  std::vector<StorageLines> storages;
  std::string sections;  ///< further sections: "[metadata]\nttl = \"1s\"\n"

  MountConfig() = default;
  std::string toml() const;
};

/// A [[storage]] of a server at a mount path.
StorageLines storage_of(const Server& server, std::string mount_path, std::string extra = {});
/// One group of members at /pt, /pt.balance1, /pt.balance2, ... with these URLs.
MountConfig balanced(const std::vector<std::string>& urls, const std::string& type = "webdav");
MountConfig balanced(const std::vector<std::unique_ptr<Server>>& servers);

/// What the kernel says of a mount; empty type: nothing is mounted there.
std::string mounted_type(const std::filesystem::path& mountpoint);

class MountedApp {
 public:
  /// Throws std::runtime_error with the log when the mount does not come up.
  explicit MountedApp(const MountConfig& config);
  ~MountedApp();
  MountedApp(const MountedApp&) = delete;
  MountedApp& operator=(const MountedApp&) = delete;

  /// A path in the mount: path("pt/a").
  std::filesystem::path path(const std::string& relative = {}) const;
  const std::filesystem::path& mountpoint() const { return mountpoint_; }
  const std::filesystem::path& config_file() const { return config_file_; }
  std::string log() const;
  /// Whether the log says so within a few seconds.
  bool logs(const std::string& text) const;
  pid_t pid() const { return pid_; }
  std::size_t peak_memory_kib() const { return status_field("VmHWM:"); }
  std::size_t memory_kib() const { return status_field("VmRSS:"); }
  std::size_t descriptor_count() const;
  /// Mount path of the member that the last handle of the file read from; empty: none.
  std::string member_of(const std::string& relative) const;

  /// Ends it by SIGTERM and asserts status 0 and a clean mountpoint. Called by the destructor.
  void stop();
  /// Ends it by SIGKILL; the mount stays behind as a crash leaves it.
  void crash();
  /// Waits for an end that something else caused; its status (128 + signal), or nothing at the deadline.
  std::optional<int> wait_for_end(std::chrono::milliseconds limit);
  /// Starts the binary again with the same configuration and mountpoint.
  void start();
  /// Another configuration, for the next start or reload.
  void write_config(const MountConfig& config);
  /// `balancefs reload`.
  ProgramResult reload() const;

 private:
  void wait_until_answering();
  void detach() const;
  std::size_t status_field(const std::string& name) const;

  ScratchDirectory scratch_;
  std::filesystem::path mountpoint_, config_file_, log_file_;
  pid_t pid_ = -1;
};

/// An extended attribute; nothing with errno set when there is none.
std::optional<std::string> attribute(const std::filesystem::path& path, const std::string& name);
/// Reads a file in this process; the errno of what failed in `error`, 0 when nothing did.
struct FileContent {
  std::string text;
  int error = 0;
};
FileContent read_file(const std::filesystem::path& path);
/// errno of open(2) with these flags, 0 when it succeeds.
int open_error(const std::filesystem::path& path, int flags = O_RDONLY);
/// sha256 of a file in hex, by a program that a deadline ends; empty when it fails.
std::string sha256(const std::filesystem::path& path, std::chrono::milliseconds limit = kProgramLimit);
/// Waits until it holds, at most `limit`; whether it did.
bool eventually(const std::function<bool()>& holds,
                std::chrono::milliseconds limit = std::chrono::seconds(30));

/// Skips by name where nothing can be mounted; fails there when BALANCEFS_REQUIRE_MOUNT is set.
class MountTest : public testing::Test {
 protected:
  void SetUp() override;
};

}  // namespace balancefs::test
