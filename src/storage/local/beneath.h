// Opening below a directory and nowhere else.
//
// openat2 with RESOLVE_BENEATH: neither "..", nor a symlink, nor a /proc link leads outside, races included.
// Symlinks that stay inside are followed; absolute ones never stay inside. On kernels without openat2
// (before 5.6) no symlink is followed at all. Blocking: for a worker thread only.
#pragma once

#include <sys/stat.h>

#include <string>
#include <utility>

#include "balancefs/object.h"

namespace balancefs {

/// Owns a descriptor.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept;
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  ~FileDescriptor();
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }
  bool valid() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

/// What an errno of a file call means; `what` and `path` are for the text.
Error errno_error(int code, std::string_view what, std::string_view path);

/// Opens `path` below the directory `root` with `flags` of open(2). A root that is not there is
/// `unavailable`: a disk that is not mounted, not a deleted file.
Result<FileDescriptor> open_beneath(const std::string& root, const Path& path, int flags);
Result<struct stat> stat_descriptor(const FileDescriptor& fd, const Path& path);

}  // namespace balancefs
