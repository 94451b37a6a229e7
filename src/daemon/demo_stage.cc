#include "daemon/demo_stage.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace balancefs {
namespace {

constexpr std::array<const char*, 3> kNames = {"one", "two", "three"};

// The mount paths that join the storages to one folder.
std::string mount_path(std::size_t index) {
  return index == 0 ? "/library" : fmt::format("/library.balance{}", index);
}

// A TOML string.
std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char letter : text) {
    if (letter == '"' || letter == '\\') out += '\\';
    out += letter;
  }
  return out + "\"";
}

}  // namespace

DemoStage::DemoStage(asio::io_context& loop) : files_(DemoFiles::sample()) {
  for (const char* name : kNames) storages_.push_back(std::make_unique<DavServer>(loop, name, files_));
}

DemoStage::~DemoStage() {
  stop_storages();
  if (folder_.empty()) return;
  // By name and never recursively: should the mount still be there, its files must not be touched.
  ::unlink(config_file().c_str());
  ::unlink(log_file().c_str());
  std::error_code ignored;
  std::filesystem::remove_all(cache_folder(), ignored);  // nothing is ever mounted in it
  ::rmdir((folder_ + "/cloud").c_str());
  ::rmdir(folder_.c_str());
}

Result<void> DemoStage::set_up(std::string mountpoint) {
  for (const auto& storage : storages_) {
    if (auto started = storage->start(); !started) return started;
  }
  if (auto made = make_folder(); !made) return made;
  mountpoint_ = std::move(mountpoint);
  if (mountpoint_.empty()) {
    mountpoint_ = folder_ + "/cloud";
    if (::mkdir(mountpoint_.c_str(), 0700) != 0)
      return fail(ErrorKind::unavailable, "cannot make " + mountpoint_);
  }
  return write_config();
}

Result<void> DemoStage::make_folder() {
  std::error_code error;
  std::string pattern = (std::filesystem::temp_directory_path(error) / "balancefs-demo-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) {
    return fail(ErrorKind::unavailable, fmt::format("cannot make a temporary folder {}: {}", pattern,
                                                    std::generic_category().message(errno)));
  }
  folder_ = pattern;
  return {};
}

void DemoStage::stop_storages() {
  for (const auto& storage : storages_) storage->kill();
}

std::string DemoStage::storage_blocks() const {
  std::string text;
  for (std::size_t i = 0; i < storages_.size(); ++i) {
    text += fmt::format("[[storage]]\npath = {}\ntype = \"webdav\"\nurl = {}\n", quoted(mount_path(i)),
                        quoted(storages_[i]->url()));
    text += "proxy = \"none\"\n\n";  // they are on loopback, whatever proxy this machine has
  }
  return text;
}

Result<void> DemoStage::write_config() const {
  std::ofstream file(config_file());
  file << fmt::format(
      "[mount]\npoint = {}\n\n[cache]\nmode = \"memory\"\ndir = {}\n\n[log]\ntarget = {}\n\n{}",
      quoted(mountpoint_), quoted(cache_folder()), quoted(log_file()), storage_blocks());
  file.close();
  if (!file) return fail(ErrorKind::unavailable, "cannot write " + config_file());
  return {};
}

}  // namespace balancefs
