// The disk cache's folder: ours, alone, and what is in it.
//
// A folder is ours by the file CACHEDIR.TAG with our line in it (the same file tells backup programs to leave
// the folder out); a folder that has other things and not that file is left alone. A lock on the file keeps
// other daemons away and ends with the process, whatever ends it. Only files with names that we give are ever
// removed. Blocking: for worker threads.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "balancefs/result.h"
#include "io/disk_format.h"

namespace balancefs {

/// Owns a descriptor.
class DiskFd {
 public:
  DiskFd() = default;
  explicit DiskFd(int fd) : fd_(fd) {}
  DiskFd(DiskFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  DiskFd& operator=(DiskFd&& other) noexcept;
  ~DiskFd();
  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

/// An open and locked folder. Immutable: worker threads share it.
class DiskFolder {
 public:
  DiskFolder(std::string path, DiskFd directory, DiskFd lock)
      : path_(std::move(path)), directory_(std::move(directory)), lock_(std::move(lock)) {}
  const std::string& path() const { return path_; }
  int fd() const { return directory_.get(); }

 private:
  std::string path_;
  DiskFd directory_;
  DiskFd lock_;
};

/// Of the file system that the folder is on, bytes.
struct DiskRoom {
  std::uint64_t free = 0;  ///< for us
  std::uint64_t total = 0;

  DiskRoom() = default;
  /// How much of it the cache leaves to others: a disk that is full stops more than a cache.
  std::uint64_t reserve() const { return total / 20; }
};

/// An entry as its files show it without being opened.
struct FoundEntry {
  DiskName name;
  std::uint64_t bytes = 0;     ///< of disk
  std::int64_t last_used = 0;  ///< by the clock of the files

  FoundEntry() = default;
};

struct OpenedFolder {
  enum class State : std::uint8_t {
    open,
    in_use,    ///< by another process
    unusable,  ///< not ours, not writable, or a file system that cannot do it: `why`
  };
  State state = State::unusable;
  std::string why;
  std::shared_ptr<const DiskFolder> folder;
  std::vector<FoundEntry> entries;  ///< the least recently used first
  DiskRoom room;

  OpenedFolder() = default;
};

/// The folder of a mountpoint below the configured one: readable, and another for every path.
std::string cache_folder_of(const std::string& dir, const std::string& mountpoint);
/// Beside it, for what src/meta keeps: the folder of the disk cache holds nothing else.
std::string metadata_folder_of(const std::string& dir, const std::string& mountpoint);

/// Makes the folder when it is not there, takes it, removes what is left of halves of entries, and lists it.
OpenedFolder open_disk_folder(const std::string& path);
Result<DiskRoom> disk_room(const DiskFolder& folder);

/// What an errno of these calls means; `what` is for the text. `not_found`: somebody removed it; `too_large`:
/// the file system takes no file of that size; `no_space`; else `unavailable`.
Error disk_error(int code, std::string_view what);

}  // namespace balancefs
