#include "storage/local/beneath.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace balancefs {
namespace {

constexpr int kTriesWhenRenamed = 16;  // EAGAIN: something on the way was renamed meanwhile

int openat2_beneath(int root, const char* path, int flags) {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  long fd = -1;
  for (int attempt = 0; attempt < kTriesWhenRenamed; ++attempt) {
    fd = syscall(SYS_openat2, root, path, &how, sizeof(how));
    if (fd >= 0 || (errno != EAGAIN && errno != EINTR)) break;
  }
  return static_cast<int>(fd);
}

// One component at a time, no symlink followed. Path has no ".." by construction.
int open_step_by_step(int root, std::string_view path, int flags) {
  FileDescriptor at(dup(root));
  while (at.valid()) {
    const std::size_t slash = path.find('/');
    const std::string name(path.substr(0, slash));
    const bool last = slash == std::string_view::npos;
    const int wanted = last ? flags : O_PATH | O_DIRECTORY;
    at = FileDescriptor(openat(at.get(), name.c_str(), wanted | O_NOFOLLOW | O_CLOEXEC));
    if (last) break;
    path.remove_prefix(slash + 1);
  }
  return at.release();
}

}  // namespace

FileDescriptor& FileDescriptor::operator=(FileDescriptor&& other) noexcept {
  if (this != &other) {
    if (fd_ >= 0) close(fd_);
    fd_ = std::exchange(other.fd_, -1);
  }
  return *this;
}

FileDescriptor::~FileDescriptor() {
  if (fd_ >= 0) close(fd_);
}

Error errno_error(int code, std::string_view what, std::string_view path) {
  ErrorKind kind = ErrorKind::unavailable;
  switch (code) {
    case ENOENT:
    case ENOTDIR:
    case ENAMETOOLONG:
      kind = ErrorKind::not_found;
      break;
    case EACCES:
    case EPERM:
    case ELOOP:
    case EXDEV:
      kind = ErrorKind::denied;
      break;  // EXDEV: the way leads out of the root
    default:
      break;
  }
  return Error(kind, fmt::format("{} '{}': {}", what, path, std::strerror(code)));
}

Result<FileDescriptor> open_beneath(const std::string& root, const Path& path, int flags) {
  FileDescriptor top(open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!top.valid()) {
    Error error = errno_error(errno, "open the root", root);
    if (error.kind == ErrorKind::not_found) error.kind = ErrorKind::unavailable;
    return std::unexpected<Error>(std::move(error));
  }
  const std::string below = path.is_root() ? "." : path.str();
  int fd = openat2_beneath(top.get(), below.c_str(), flags);
  if (fd < 0 && errno == ENOSYS) fd = open_step_by_step(top.get(), below, flags);
  if (fd < 0) return std::unexpected<Error>(errno_error(errno, "open", path.str()));
  return FileDescriptor(fd);
}

Result<struct stat> stat_descriptor(const FileDescriptor& fd, const Path& path) {
  struct stat attributes{};
  if (fstat(fd.get(), &attributes) != 0)
    return std::unexpected<Error>(errno_error(errno, "stat", path.str()));
  return attributes;
}

}  // namespace balancefs
