#include "daemon/mount_mark.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

namespace balancefs {
namespace {

struct MarkAddress {
  sockaddr_un address = {};
  socklen_t length = 0;

  explicit MarkAddress(std::string_view device) {
    const std::string name = fmt::format("balancefs/mount/{}", device);
    const std::size_t used = std::min(name.size(), sizeof address.sun_path - 1);
    address.sun_family = AF_UNIX;  // sun_path[0] stays 0: an abstract name, gone with its owner
    std::memcpy(address.sun_path + 1, name.data(), used);
    length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + used);
  }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&address); }
};

int open_socket() {
  return ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

}  // namespace

MountMark::MountMark(MountMark&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

MountMark& MountMark::operator=(MountMark&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

MountMark::~MountMark() {
  if (fd_ >= 0) ::close(fd_);
}

std::optional<MountMark> MountMark::set(std::string_view device) {
  constexpr int kWaiting = 8;  // programs that wait for the same end at once
  MountMark mark(open_socket());
  const MarkAddress address(device);
  if (mark.fd_ < 0 || ::bind(mark.fd_, address.get(), address.length) != 0) return std::nullopt;
  if (::listen(mark.fd_, kWaiting) != 0) return std::nullopt;
  return mark;
}

std::optional<MountMark> MountMark::find(std::string_view device) {
  MountMark mark(open_socket());
  const MarkAddress address(device);
  if (mark.fd_ < 0 || ::connect(mark.fd_, address.get(), address.length) != 0) return std::nullopt;
  return mark;
}

bool MountMark::wait_for_end(std::chrono::milliseconds timeout) const {
  const auto until = std::chrono::steady_clock::now() + timeout;
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    pollfd entry = {fd_, 0, 0};  // an end is reported whether asked for or not
    const int count = ::poll(&entry, 1, static_cast<int>(std::max<long>(0, left.count())));
    if (count > 0) return true;
    if (count == 0 || errno != EINTR) return false;
  }
}

}  // namespace balancefs
