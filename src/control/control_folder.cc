#include "control/control_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace balancefs {
namespace {

constexpr mode_t kOthers = 077;

std::unexpected<Error> refuse(const std::string& path, int number) {
  const ErrorKind kind = number == ENOENT   ? ErrorKind::not_found
                         : number == EACCES ? ErrorKind::denied
                                            : ErrorKind::unavailable;
  return fail(kind, fmt::format("{}: {}", path, std::strerror(number)));
}

/// The folder that the session gave, where it is the user's own. `sudo` may leave another user's.
bool belongs_to(const std::string& path, uid_t user) {
  struct stat info = {};
  return ::lstat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode) && info.st_uid == user &&
         (info.st_mode & S_IWOTH) == 0;
}

}  // namespace

std::vector<std::string> control_folders(uid_t user) {
  std::vector<std::string> folders;
  const char* given = std::getenv("XDG_RUNTIME_DIR");
  const std::string session = fmt::format("/run/user/{}", user);
  if (user == 0) {
    folders.emplace_back("/run/balancefs");
  } else {
    if (given != nullptr && *given == '/' && belongs_to(given, user))
      folders.push_back(std::string(given) + "/balancefs");
    if (given == nullptr || given != session) folders.push_back(session + "/balancefs");
  }
  folders.push_back(fmt::format("/tmp/balancefs-{}", user));
  return folders;
}

std::string control_socket_name(std::string_view device) {
  std::string name(device);
  std::ranges::replace(name, ':', '-');
  return name + ".sock";
}

Result<ControlFolder> ControlFolder::make(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return refuse(path, errno);
  auto folder = open(path, ::geteuid());
  if (!folder) return folder;
  struct stat info = {};
  const bool closed = ::fstat(folder->descriptor_, &info) == 0 && (info.st_mode & kOthers) == 0;
  if (!closed && ::fchmod(folder->descriptor_, 0700) != 0) return refuse(path, errno);
  // What cleans temporary folders up leaves alone what somebody has locked; any number of us may.
  static_cast<void>(::flock(folder->descriptor_, LOCK_SH | LOCK_NB));
  return folder;
}

Result<ControlFolder> ControlFolder::open(const std::string& path, uid_t owner) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (descriptor < 0) return refuse(path, errno);
  ControlFolder folder(descriptor, path);
  struct stat info = {};
  if (::fstat(descriptor, &info) != 0) return refuse(path, errno);
  if (info.st_uid != owner) {
    return fail(ErrorKind::denied, fmt::format("{}: belongs to another user and is not used", path));
  }
  return folder;
}

ControlFolder::ControlFolder(ControlFolder&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), path_(std::move(other.path_)) {}

ControlFolder& ControlFolder::operator=(ControlFolder&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(path_, other.path_);
  return *this;
}

ControlFolder::~ControlFolder() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

std::string ControlFolder::address_of(const std::string& name) const {
  return fmt::format("/proc/self/fd/{}/{}", descriptor_, name);
}

}  // namespace balancefs
