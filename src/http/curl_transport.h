// HttpTransport over libcurl on the loop.
//
// Connections are kept and shared by all storages (same host, same credentials and TLS settings); metadata
// uses HTTP/2 where offered, data HTTP/1.1 connections of its own. Never follows redirects, never pauses a
// transfer, never blocks: a slow resolver or a dead server costs its own requests only. Loop thread.
#pragma once

#include <asio/io_context.hpp>
#include <list>
#include <set>
#include <string>

#include "balancefs/http.h"
#include "http/curl_loop.h"
#include "http/curl_request.h"

namespace balancefs {

class CurlTransfer;

class CurlTransport final : public HttpTransport {
 public:
  /// `clock` measures deadlines and total timeouts; curl's own timers (connect, stall) are real time.
  CurlTransport(asio::io_context& loop, Clock& clock);
  CurlTransport(const CurlTransport&) = delete;
  CurlTransport& operator=(const CurlTransport&) = delete;
  /// No request may be left: close() first.
  ~CurlTransport() override;

  Task<Result<ResponseHead>> send(HttpRequest request, BodyHandler& body, RequestContext& why) override;
  Clock* clock() override { return &clock_; }
  void redirect_was_cached(const std::string& url) override;
  /// Ends all requests with `cancelled` and waits until they are gone; refuses new ones.
  Task<void> close();
  /// Requests under way.
  std::size_t active() const { return active_.size(); }

 private:
  class Registration;

  Clock& clock_;
  CurlLoop curl_;
  CurlEasyPool pool_;
  AuthMemory memory_;
  std::list<CurlTransfer*> active_;
  WaitList idle_;
  std::set<std::string> warned_;  ///< origins whose redirects a cache keeps
  bool closed_ = false;
};

}  // namespace balancefs
