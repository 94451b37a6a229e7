#include "control/control_socket.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "base/log.h"

namespace balancefs {
namespace {

constexpr int kWaiting = 128;  // clients that connect at once, before the loop turns
constexpr std::string_view kSuffix = ".sock";

struct Address {
  sockaddr_un name = {};
  explicit Address(const std::string& path) {
    name.sun_family = AF_UNIX;
    path.copy(name.sun_path, sizeof name.sun_path - 1);
  }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&name); }
};

std::unexpected<Error> failed(const ControlFolder& folder, const std::string& name) {
  return fail(ErrorKind::unavailable, fmt::format("{}/{}: {}", folder.path(), name, std::strerror(errno)));
}

int open_socket() {
  return ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

/// Left by a daemon that died: nobody listens.
bool is_abandoned(const ControlFolder& folder, const std::string& name) {
  const int descriptor = open_socket();
  if (descriptor < 0) return false;
  const Address address(folder.address_of(name));
  const bool refused =
      ::connect(descriptor, address.get(), sizeof address.name) != 0 && errno == ECONNREFUSED;
  ::close(descriptor);
  return refused;
}

std::vector<std::string> socket_names(const ControlFolder& folder) {
  std::vector<std::string> names;
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(::opendir(folder.address_of(".").c_str()), ::closedir);
  while (entries != nullptr) {
    const dirent* entry = ::readdir(entries.get());
    if (entry == nullptr) break;
    if (std::string_view(entry->d_name).ends_with(kSuffix)) names.emplace_back(entry->d_name);
  }
  return names;
}

void remove_abandoned(const ControlFolder& folder) {
  for (const std::string& name : socket_names(folder)) {
    if (!is_abandoned(folder, name)) continue;
    log_debug("{}/{}: left by a daemon that died; removed", folder.path(), name);
    ::unlinkat(folder.descriptor(), name.c_str(), 0);
  }
}

}  // namespace

Result<ControlSocket> ControlSocket::listen(ControlFolder folder, std::string_view device) {
  remove_abandoned(folder);
  ControlSocket made(std::move(folder), control_socket_name(device), open_socket());
  const int directory = made.folder_.descriptor();
  const std::string unpublished = made.name_ + ".new";  // of this mount alone, like the name itself
  ::unlinkat(directory, unpublished.c_str(), 0);
  const Address address(made.folder_.address_of(unpublished));
  if (made.descriptor_ < 0 || ::bind(made.descriptor_, address.get(), sizeof address.name) != 0 ||
      ::fchmodat(directory, unpublished.c_str(), 0600, 0) != 0 || ::listen(made.descriptor_, kWaiting) != 0) {
    return failed(made.folder_, made.name_);
  }
  struct stat info = {};
  if (::fstatat(directory, unpublished.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0 ||
      ::renameat2(directory, unpublished.c_str(), directory, made.name_.c_str(), RENAME_NOREPLACE) != 0) {
    const auto refused = failed(made.folder_, made.name_);
    ::unlinkat(directory, unpublished.c_str(), 0);
    return refused;
  }
  made.inode_ = info.st_ino;
  return made;
}

Result<ControlSocket> ControlSocket::listen_for(std::string_view device) {
  Result<ControlSocket> last = fail(ErrorKind::unavailable, "no folder for it");
  for (const std::string& path : control_folders(::geteuid())) {
    auto folder = ControlFolder::make(path);
    if (folder) {
      auto made = listen(std::move(*folder), device);
      if (made) return made;
      last = std::unexpected(made.error());
    } else {
      log_debug("control socket: {}", folder.error().text);
      last = std::unexpected(folder.error());
    }
  }
  return last;
}

ControlSocket::ControlSocket(ControlSocket&& other) noexcept
    : folder_(std::move(other.folder_)),
      name_(std::move(other.name_)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      inode_(std::exchange(other.inode_, 0)) {}

ControlSocket::~ControlSocket() {
  struct stat info = {};
  const int directory = folder_.descriptor();
  if (inode_ != 0 && ::fstatat(directory, name_.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0 &&
      info.st_ino == inode_) {
    ::unlinkat(directory, name_.c_str(), 0);
  }
  if (descriptor_ >= 0) ::close(descriptor_);
}

int ControlSocket::release() {
  return std::exchange(descriptor_, -1);
}

}  // namespace balancefs
