// What the demo plays on: three storages on loopback that hold the same files, and a temporary folder with
// the configuration that makes one folder of them, a mountpoint and a log. Leaves nothing behind. Loop
// thread.
#pragma once

#include <asio/io_context.hpp>
#include <memory>
#include <string>
#include <vector>

#include "balancefs/result.h"
#include "daemon/dav_server.h"
#include "daemon/demo_files.h"

namespace balancefs {

class DemoStage {
 public:
  explicit DemoStage(asio::io_context& loop);
  DemoStage(const DemoStage&) = delete;
  DemoStage& operator=(const DemoStage&) = delete;
  /// Removes the folder. A mountpoint that is still in use stays.
  ~DemoStage();

  /// Starts the storages and writes the configuration. `mountpoint`: absolute, or empty for one of its own.
  Result<void> set_up(std::string mountpoint);
  void stop_storages();

  const DemoFiles& files() const { return files_; }
  std::vector<std::unique_ptr<DavServer>>& storages() { return storages_; }
  const std::string& mountpoint() const { return mountpoint_; }
  /// Where the balanced files are: a folder in the mount.
  std::string library() const { return mountpoint_ + "/library"; }
  std::string config_file() const { return folder_ + "/mount.conf"; }
  std::string log_file() const { return folder_ + "/balancefs.log"; }
  std::string cache_folder() const { return folder_ + "/cache"; }
  /// The part of the configuration that is about the storages.
  std::string storage_blocks() const;

 private:
  Result<void> make_folder();
  Result<void> write_config() const;

  DemoFiles files_;
  std::vector<std::unique_ptr<DavServer>> storages_;
  std::string folder_;
  std::string mountpoint_;
};

}  // namespace balancefs
