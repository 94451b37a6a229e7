#include "web/listen_socket.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <utility>

namespace balancefs {
namespace {

std::string shown(const std::string& address, std::uint16_t port) {
  const bool v6 = address.find(':') != std::string::npos;
  return v6 ? fmt::format("[{}]:{}", address, port) : fmt::format("{}:{}", address, port);
}

}  // namespace

Result<ListenSocket> ListenSocket::open(const std::string& address, std::uint16_t port) {
  using asio::ip::tcp;
  asio::io_context loop;  // the acceptor needs one; the descriptor leaves it again
  tcp::acceptor acceptor(loop);
  asio::error_code error;
  const tcp::endpoint endpoint(asio::ip::make_address(address, error), port);
  if (!error) acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (!error) acceptor.non_blocking(true, error);
  if (error) {
    return fail(ErrorKind::unavailable,
                fmt::format("{} cannot be listened on: {}", shown(address, port), error.message()));
  }
  const std::uint16_t taken = acceptor.local_endpoint().port();
  const int descriptor = acceptor.release();
  ::fcntl(descriptor, F_SETFD, FD_CLOEXEC);
  return ListenSocket(descriptor, fmt::format("http://{}/", shown(address, taken)), taken);
}

ListenSocket::ListenSocket(ListenSocket&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), url_(std::move(other.url_)), port_(other.port_) {}

ListenSocket::~ListenSocket() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

int ListenSocket::release() {
  return std::exchange(descriptor_, -1);
}

}  // namespace balancefs
