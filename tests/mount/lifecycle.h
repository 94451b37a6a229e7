// The scene of tests about how a mount begins and ends: `balancefs mount` as users run it, in the background,
// with a native directory as its storage. Whatever a test does, no mount stays behind it.
#pragma once

#include <string>
#include <vector>

#include "mount/balanced_mount.h"
#include "support/ramp_bytes.h"

namespace balancefs::test {

class Lifecycle : public BalancedMount {
 protected:
  void SetUp() override {
    MountTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    write_file(native() / "small", "small");
    write_file(native() / "big", ramp_bytes(0, 8U << 20U));
    std::filesystem::create_directory(mountpoint());
  }
  void TearDown() override {
    while (!mounted_type(mountpoint()).empty()) {
      if (run({"fusermount3", "-u", "-z", mountpoint()}).status != 0) break;
    }
  }
  /// A configuration file with the native directory as its only storage.
  std::string local_config(const std::string& sections = {}) {
    MountConfig config;
    config.storages.emplace_back("/pt", "local", native());
    config.sections = sections;
    const auto file = scratch_.path() / "mount.conf";
    write_file(file, config.toml());
    return file;
  }
  std::filesystem::path mountpoint() const { return scratch_.path() / "mnt"; }
  static ProgramResult balancefs(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), BALANCEFS_BINARY);
    return run(arguments, std::chrono::seconds(60));
  }
  ProgramResult mount_in_background(const std::string& config) {
    return balancefs({"mount", "--config", config, mountpoint()});
  }
};

}  // namespace balancefs::test
