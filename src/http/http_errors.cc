#include "http/http_errors.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "http/response_fields.h"

namespace balancefs {
namespace {

constexpr std::chrono::milliseconds kLongestRetry = std::chrono::hours(24);

ErrorKind kind_of(int status, bool retry_given) {
  switch (status) {
    case 401:
    case 402:
    case 403:
    case 407:
    case 451:
      return ErrorKind::denied;
    case 404:
    case 410:
      return ErrorKind::not_found;
    case 405:
    case 501:
      return ErrorKind::unsupported;
    case 408:
    case 504:
      return ErrorKind::timed_out;  // the server's, or a gateway's own deadline
    case 409:
    case 412:
    case 416:
      return ErrorKind::changed;
    case 413:
      return ErrorKind::too_large;
    case 423:
    case 425:
    case 429:
      return ErrorKind::throttled;
    case 503:
      return retry_given ? ErrorKind::throttled : ErrorKind::unavailable;
    case 507:
      return ErrorKind::no_space;
    default:
      return status >= 500 ? ErrorKind::unavailable : ErrorKind::corrupted;
  }
}

}  // namespace

std::optional<std::chrono::milliseconds> parse_retry_after(std::string_view text,
                                                           std::chrono::system_clock::time_point now) {
  text = trim(text);
  if (const auto seconds = parse_number(text)) {
    const auto longest = std::chrono::duration_cast<std::chrono::seconds>(kLongestRetry).count();
    return std::chrono::seconds(std::min(*seconds, static_cast<std::uint64_t>(longest)));
  }
  const auto date = parse_http_date(text);
  if (!date) return std::nullopt;
  const auto wait = std::chrono::duration_cast<std::chrono::milliseconds>(*date - now);
  return std::clamp(wait, std::chrono::milliseconds(0), kLongestRetry);
}

Error http_error(std::string_view method, const ResponseHead& head,
                 std::chrono::system_clock::time_point now) {
  const std::string* retry = head.header("retry-after");
  const auto wait = retry == nullptr ? std::nullopt : parse_retry_after(*retry, now);
  Error error(kind_of(head.status, wait.has_value()),
              fmt::format("{} {}: status {}", method, head.url, head.status));
  if (head.status == 401 || head.status == 407) error.detail = Error::Detail::credentials;
  if (error.kind == ErrorKind::throttled) error.retry_after = wait;
  return error;
}

Error http_error(std::string_view method, const ResponseHead& head, std::string_view body) {
  Error error = http_error(method, head);
  const bool slow_down = body.find("<Code>SlowDown</Code>") != std::string_view::npos;
  if (head.status == 503 && slow_down) error.kind = ErrorKind::throttled;
  return error;
}

Error http_error(std::string_view method, const ResponseHead& head) {
  return http_error(method, head, std::chrono::system_clock::now());
}

}  // namespace balancefs
