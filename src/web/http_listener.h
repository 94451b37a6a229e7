// HTTP for the status page and the metrics, on the daemon's own loop.
//
// A handler is called on the loop thread (microhttpd_loop.h), so that it sees the daemon's state as it is,
// without locks and copies; it must not wait. What clients can cost is bounded: connections, bytes of a
// request, time without a byte.
#pragma once

#include <asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <memory>

#include "balancefs/result.h"
#include "web/listen_socket.h"
#include "web/web_request.h"

namespace balancefs {

struct WebLimits {
  unsigned connections = 64;      ///< further ones wait in the kernel's queue
  std::size_t head = 16 * 1024;   ///< bytes of a request's head, and of memory that a connection has
  std::size_t body = 4 * 1024;    ///< bytes of a request's body
  std::chrono::seconds idle{30};  ///< without a byte in either direction

  WebLimits() = default;
};

using WebHandler = std::function<WebAnswer(const WebRequest&)>;

class HttpListener {
 public:
  /// What `handler` uses outlives the listener.
  HttpListener(asio::io_context& loop, WebHandler handler, WebLimits limits = WebLimits());
  HttpListener(const HttpListener&) = delete;
  HttpListener& operator=(const HttpListener&) = delete;
  ~HttpListener();

  /// Called once.
  Result<void> start(ListenSocket socket);
  /// Ends all connections at once. Idempotent; not from inside a handler.
  void stop();

 private:
  class Core;
  std::unique_ptr<Core> core_;
};

}  // namespace balancefs
