// The socket of `control.listen`. Taken before anything is mounted, so that an address that is in use stops
// the start.
#pragma once

#include <cstdint>
#include <string>

#include "balancefs/options.h"
#include "balancefs/result.h"

namespace balancefs {

class ListenSocket {
 public:
  /// The error names key, value and cause.
  static Result<ListenSocket> open(const ControlOptions& options);

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
