#include "fs/handle_table.h"

namespace balancefs {

std::uint64_t HandleTable::add(std::shared_ptr<FileHandle> file) {
  files_.emplace(next_, std::move(file));
  ++files_opened_;
  return next_++;
}

std::uint64_t HandleTable::add(std::shared_ptr<DirectoryHandle> directory) {
  directories_.emplace(next_, std::move(directory));
  return next_++;
}

std::shared_ptr<FileHandle> HandleTable::file(std::uint64_t handle) const {
  const auto found = files_.find(handle);
  return found == files_.end() ? nullptr : found->second;
}

std::shared_ptr<DirectoryHandle> HandleTable::directory(std::uint64_t handle) const {
  const auto found = directories_.find(handle);
  return found == directories_.end() ? nullptr : found->second;
}

}  // namespace balancefs
