// HTTP as drivers see it: one request, its head judged before its body, the body streamed into a sink.
//
// The transport never follows redirects and never retries beyond what libcurl does by itself when a reused
// connection turns out dead; src/http/redirects and balance decide those. Loop thread.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "balancefs/bytes.h"
#include "balancefs/options.h"
#include "balancefs/storage.h"
#include "balancefs/task.h"

namespace balancefs {

struct HttpHeader {
  std::string name;
  std::string value;
  HttpHeader(std::string header_name, std::string header_value)
      : name(std::move(header_name)), value(std::move(header_value)) {}
};

struct HttpRequest {
  std::string method = "GET";
  std::string url;  ///< absolute, percent-encoded, without userinfo
  std::vector<HttpHeader> headers;
  std::string body;  ///< sent with Content-Length when not empty
  /// TLS, proxy, timeouts, user agent, and the credentials.
  std::shared_ptr<const HttpOptions> options;
  /// Off for another host than the configured one: then user, password, bearer token and client certificate
  /// stay home.
  bool send_credentials = true;
  /// File data: a connection of its own (HTTP/1.1), so that parallel parts are parallel.
  bool bulk = false;
  /// From start to end, body included; 0: none. The context's deadline holds as well.
  Duration total_timeout{0};
  /// Less than 1 KiB/s for this long ends it as `stalled`; 0: never (balance watches data transfers itself).
  Duration stall_timeout{0};

  HttpRequest() = default;
};

struct ResponseHead {
  int status = 0;
  std::vector<HttpHeader> headers;  ///< names in lower case, in the order sent, without 1xx responses'
  std::string url;                  ///< that was asked, for messages: without query and userinfo

  ResponseHead() = default;
  /// The first header of that lower-case name; null when there is none.
  const std::string* header(std::string_view name) const;
};

/// Sees the head before a byte of the body: a login page never reaches a block.
class BodyHandler {
 public:
  virtual ~BodyHandler() = default;
  /// Decides what happens to the body: a sink that takes it, nullptr to read and drop it (at most 64 KiB,
  /// then the connection is closed), or an error, which ends the transfer and is its result.
  virtual Result<ByteSink*> begin(const ResponseHead& head) = 0;
};

class HttpTransport {
 public:
  virtual ~HttpTransport() = default;
  /// Sends and waits for the end of the body. Any status is a success here; what it means is for the caller
  /// (src/http/http_errors). Errors: `unavailable` (DNS, connect, TLS, reset), `timed_out`, `stalled`,
  /// `corrupted` (short body, not HTTP, a content encoding), or the handler's or sink's own. `body` is not
  /// touched after the Task has ended or thrown.
  virtual Task<Result<ResponseHead>> send(HttpRequest request, BodyHandler& body, RequestContext& why) = 0;
  /// What deadlines are measured with; null when the transport has no clock (then it keeps no deadlines).
  virtual Clock* clock() { return nullptr; }
  /// Told by who resolves redirects: the one that `url` (a storage's file) answered comes from a cache, which
  /// hands out links that may have expired. Logged once for each server.
  virtual void redirect_was_cached(const std::string& /*url*/) {}
};

}  // namespace balancefs
