// curl's multi handle driven by the loop: sockets, timer, finished transfers.
//
// Owns the multi handle, the TLS session cache and one watch per socket that curl asks about. Everything runs
// on the loop thread. curl's callbacks only note what curl wants; curl is never called from inside one, and
// nobody is woken there: `finished` is called from the loop, after curl has returned.
#pragma once

#include <curl/curl.h>

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <memory>
#include <system_error>
#include <unordered_map>

namespace balancefs {

/// libcurl's global state, and SIGPIPE ignored (curl handles with NOSIGNAL leave that to the process). One in
/// each CurlLoop; libcurl counts them.
class CurlGlobal {
 public:
  CurlGlobal();
  CurlGlobal(const CurlGlobal&) = delete;
  CurlGlobal& operator=(const CurlGlobal&) = delete;
  ~CurlGlobal();
};

/// Who hears of the end of a transfer that ran to it. Set as CURLOPT_PRIVATE.
class CurlClient {
 public:
  /// The handle has left the multi handle already.
  virtual void finished(CURLcode code) = 0;

 protected:
  ~CurlClient() = default;
};

class CurlLoop {
 public:
  explicit CurlLoop(asio::io_context& loop);
  CurlLoop(const CurlLoop&) = delete;
  CurlLoop& operator=(const CurlLoop&) = delete;
  /// Closes all connections. No transfer may be left.
  ~CurlLoop();

  /// Runs `easy`, which carries its client as CURLOPT_PRIVATE, until it finishes or is stopped.
  void start(CURL* easy, CurlClient* client);
  /// Takes out a running handle; does not block, whatever it was doing.
  void stop(CURL* easy);
  asio::io_context& loop() { return loop_; }

 private:
  struct Watch;

  static int on_socket(CURL* easy, curl_socket_t fd, int what, void* self, void* unused);
  static int on_timer(CURLM* multi, long milliseconds, void* self);
  static int on_close(void* self, curl_socket_t fd);
  void watch(curl_socket_t fd, int wanted);
  void forget(curl_socket_t fd);
  void arm(const std::shared_ptr<Watch>& watch);
  void wait(const std::shared_ptr<Watch>& watch, int event);
  void ready(const std::shared_ptr<Watch>& watch, const std::error_code& error, int event);
  void act(curl_socket_t fd, int events);
  void collect_finished();

  CurlGlobal global_;
  asio::io_context& loop_;
  asio::steady_timer timer_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  ///< for timer handlers already queued
  std::unordered_map<curl_socket_t, std::shared_ptr<Watch>> watches_;
  CURLM* multi_ = nullptr;
  CURLSH* share_ = nullptr;
};

}  // namespace balancefs
