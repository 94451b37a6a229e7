// A listening socket, for an HTTP server that comes later: that of `control.listen` is taken before anything
// is mounted, so that an address that is in use stops the start.
#pragma once

#include <cstdint>
#include <string>

#include "balancefs/result.h"

namespace balancefs {

class ListenSocket {
 public:
  /// `address`: numeric, IPv6 without brackets; port 0: a free one. The error names both, and the cause.
  static Result<ListenSocket> open(const std::string& address, std::uint16_t port);

  ListenSocket(ListenSocket&& other) noexcept;
  ListenSocket& operator=(ListenSocket&&) = delete;
  ~ListenSocket();

  /// "http://127.0.0.1:9780/"
  const std::string& url() const { return url_; }
  std::uint16_t port() const { return port_; }
  /// The listening descriptor; from now on the caller's.
  int release();

 private:
  ListenSocket(int descriptor, std::string url, std::uint16_t port)
      : descriptor_(descriptor), url_(std::move(url)), port_(port) {}

  int descriptor_;
  std::string url_;
  std::uint16_t port_;
};

}  // namespace balancefs
