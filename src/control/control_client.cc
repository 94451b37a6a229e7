#include "control/control_client.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <thread>
#include <utility>

#include "control/control_folder.h"

namespace balancefs {
namespace {

using Time = std::chrono::steady_clock;

Error error_at(const std::string& point, std::string_view text) {
  return Error(ErrorKind::unavailable, fmt::format("{}: {}", point, text));
}

/// A full queue of clients is no failure: somebody is about to be served.
int connect_until(int descriptor, const std::string& path, Time::time_point until) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  for (;;) {
    if (::connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return 0;
    const bool again = errno == EAGAIN || errno == EINTR;
    if (!again || Time::now() >= until) return errno;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

/// Whether the other side is the mount's owner, or root: nobody else could have made the socket, but to be
/// told lies by somebody else would be worse than not to be told anything.
bool serves(int descriptor, uid_t owner) {
  ucred peer = {};
  socklen_t size = sizeof peer;
  if (::getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return false;
  return peer.uid == 0 || peer.uid == owner;
}

Error nobody_there(const MountEntry& mount, std::optional<int> reason) {
  if (reason == EACCES || reason == EPERM) {
    return error_at(mount.point,
                    fmt::format("is mounted by another user (uid {}); run this as that user or as "
                                "root",
                                mount.owner));
  }
  if (reason == ECONNREFUSED) {
    return error_at(mount.point, "the daemon of this mount has ended; 'balancefs mount' takes its place");
  }
  if (reason == EAGAIN) return error_at(mount.point, "the daemon of this mount does not answer");
  return error_at(mount.point,
                  "the daemon of this mount has no control socket: it has ended, or its log says why");
}

}  // namespace

Result<ControlClient> ControlClient::connect(const MountEntry& mount, std::chrono::milliseconds limit) {
  const TimeLimit until = Time::now() + limit;
  const std::string name = control_socket_name(mount.device);
  std::optional<int> reason;
  for (const std::string& path : control_folders(mount.owner)) {
    const auto folder = ControlFolder::open(path, mount.owner);
    if (!folder) {
      if (folder.error().kind == ErrorKind::denied && !reason) reason = EACCES;
      continue;
    }
    ControlClient client(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), mount.point,
                         until);
    const int failed = connect_until(client.descriptor_, folder->address_of(name), until);
    if (failed == 0 && serves(client.descriptor_, mount.owner)) return client;
    if (failed != ENOENT) reason = failed == 0 ? EACCES : failed;
  }
  return std::unexpected(nobody_there(mount, reason));
}

ControlClient::ControlClient(ControlClient&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      point_(std::move(other.point_)),
      until_(other.until_) {}

ControlClient::~ControlClient() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Result<Json> ControlClient::ask(const ControlRequest& request) {
  const std::string line = control_request_line(request);
  if (line.size() >= kLongestRequest) return fail(ErrorKind::unsupported, "the request is too long");
  if (const auto sent = send(line + "\n"); !sent) return std::unexpected(sent.error());
  const auto answer = receive_line();
  if (!answer) return std::unexpected(answer.error());
  return parse_control_answer(*answer);
}

Result<void> ControlClient::wait_for(short events) const {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until_ - Time::now());
    pollfd entry = {descriptor_, events, 0};
    const int count = ::poll(&entry, 1, static_cast<int>(std::max<long>(0, left.count())));
    if (count > 0) return {};
    if (count == 0) return std::unexpected(error_at(point_, "the daemon of this mount does not answer"));
    if (errno != EINTR) return std::unexpected(error_at(point_, std::strerror(errno)));
  }
}

Result<void> ControlClient::send(std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::send(descriptor_, text.data(), text.size(), MSG_NOSIGNAL);
    if (count > 0) {
      text.remove_prefix(static_cast<std::size_t>(count));
    } else if (errno == EAGAIN) {
      if (const auto ready = wait_for(POLLOUT); !ready) return ready;
    } else if (errno != EINTR) {
      break;  // why it hung up is for receive_line() to say
    }
  }
  return {};
}

Result<std::string> ControlClient::receive_line() {
  std::string line;
  std::string chunk(64 * 1024, '\0');
  while (line.size() < kLongestAnswer) {
    const ssize_t count = ::recv(descriptor_, chunk.data(), chunk.size(), 0);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) {
      if (const auto ready = wait_for(POLLIN); !ready) return std::unexpected(ready.error());
      continue;
    }
    if (count <= 0) return std::unexpected(error_at(point_, "the daemon of this mount hung up"));
    line.append(chunk, 0, static_cast<std::size_t>(count));
    if (line.back() == '\n') return line.substr(0, line.size() - 1);
  }
  return std::unexpected(error_at(point_, "the daemon's answer is too long"));
}

}  // namespace balancefs
