// What the listener hands to the site, and what it gets back: plain values, without a server.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace balancefs {

/// Header fields are empty when they were not sent.
struct WebRequest {
  std::string method;
  std::string path;  ///< without the query
  std::string host;
  std::string origin;
  std::string fetch_site;
  std::string content_type;
  std::string token;                    ///< X-Balancefs-Token
  std::optional<std::string> password;  ///< of HTTP Basic
  std::string body;

  WebRequest() = default;
};

/// A body without an end, such as server-sent events.
class WebStream {
 public:
  virtual ~WebStream() = default;
  /// Takes what there is now; 0: nothing, `on_ready` will be called.
  virtual std::size_t read(std::span<char> out) = 0;
  /// What the listener wants to hear; the stream never calls it from inside read().
  std::function<void()> on_ready;
};

struct WebAnswer {
  unsigned status = 200;
  std::string type = "text/plain; charset=utf-8";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;  ///< besides those that every answer has
  std::unique_ptr<WebStream> stream;                         ///< instead of `body`

  WebAnswer() = default;
  WebAnswer(unsigned code, std::string text) : status(code), body(std::move(text)) {}
};

}  // namespace balancefs
