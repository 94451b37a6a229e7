// Open files and directories by the number the kernel was given for them. Loop thread.
#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "balancefs/version.h"
#include "fs/tree.h"
#include "io/file_reader.h"
#include "meta/directory.h"

namespace balancefs {

/// One successful open of a file.
struct FileHandle {
  std::uint64_t node = 0;
  Path path;           ///< in the mount
  MountPointer mount;  ///< where it was opened, whatever is mounted there by now
  std::shared_ptr<Version> version;
  std::unique_ptr<FileReader> reader;
  std::uint64_t position = 0;  ///< behind the last read that was answered

  FileHandle() = default;
};

/// One line of a directory.
struct DirectoryItem {
  static constexpr std::size_t kFixed = static_cast<std::size_t>(-1);
  static constexpr std::size_t kNameOnly = static_cast<std::size_t>(-2);

  std::string_view name;  ///< lives as long as the handle's snapshot
  ObjectType type = ObjectType::directory;
  /// In the snapshot. kFixed: ".", ".." and directories that mount paths make. kNameOnly: handed out while
  /// the listing was arriving.
  std::size_t index = kFixed;
  std::uint64_t next = 0;  ///< the offset behind it

  DirectoryItem(std::string_view text, std::uint64_t behind) : name(text), next(behind) {}
  bool is_fixed() const { return index == kFixed; }
};

/// One opendir. The snapshot stays as it is until offset 0 is read again, so seeks are stable.
struct DirectoryHandle {
  std::uint64_t node = 0;
  Path path;
  bool loaded = false;
  Place place;                               ///< of the path, in the tree of ...
  std::uint64_t generation = 0;              ///< ... Filesystem::replace()
  std::vector<std::string> fixed;            ///< names that mount paths make
  std::vector<FirstName> first;              ///< handed out while the listing was arriving
  bool arriving = false;                     ///< it still is: beyond `first` it has to be waited for
  std::shared_ptr<const Directory> listing;  ///< null: there are mount paths only, or it is arriving
  std::vector<std::size_t> shown;            ///< of `first`, in the listing; sorted

  DirectoryHandle() = default;
};

class HandleTable {
 public:
  std::uint64_t add(std::shared_ptr<FileHandle> file);
  std::uint64_t add(std::shared_ptr<DirectoryHandle> directory);
  std::shared_ptr<FileHandle> file(std::uint64_t handle) const;
  std::shared_ptr<DirectoryHandle> directory(std::uint64_t handle) const;
  void remove_file(std::uint64_t handle) { files_.erase(handle); }
  void remove_directory(std::uint64_t handle) { directories_.erase(handle); }
  template <class Visit>
  void for_each_file(Visit visit) const {
    for (const auto& [handle, file] : files_) visit(*file);
  }
  std::size_t open_files() const { return files_.size(); }
  std::uint64_t files_opened() const { return files_opened_; }  ///< since the start
  std::size_t open_directories() const { return directories_.size(); }

 private:
  std::unordered_map<std::uint64_t, std::shared_ptr<FileHandle>> files_;
  std::unordered_map<std::uint64_t, std::shared_ptr<DirectoryHandle>> directories_;
  std::uint64_t next_ = 1;
  std::uint64_t files_opened_ = 0;
};

}  // namespace balancefs
