#include "support/shaper_http.h"

#include <cstdlib>

#include "base/text.h"

namespace balancefs::test {
namespace {

constexpr std::string_view kEnd = "\r\n\r\n";

/// Where the value of a header stands: [first, last) in `message`; first is npos when there is none.
struct Place {
  std::size_t line = std::string::npos;
  std::size_t value = 0;
  std::size_t end = 0;
};

Place find_header(std::string_view message, std::string_view name) {
  const std::size_t head = message.find(kEnd);
  Place place;
  std::size_t line = message.find("\r\n");
  while (line != std::string_view::npos && line < head) {
    line += 2;
    const std::size_t end = message.find("\r\n", line);
    const std::size_t colon = message.find(':', line);
    if (colon < end && to_lower(message.substr(line, colon - line)) == name) {
      place.line = line;
      place.value = colon + 1;
      place.end = end;
      return place;
    }
    line = end;
  }
  return place;
}

std::string with_header(const std::string& head, std::string_view line) {
  const std::size_t at = head.find("\r\n") + 2;
  return head.substr(0, at) + std::string(line) + "\r\n" + head.substr(at);
}

}  // namespace

std::size_t request_length(std::string_view text) {
  const std::size_t head = text.find(kEnd);
  if (head == std::string_view::npos) return 0;
  const Place length = find_header(text, "content-length");
  std::size_t body = 0;
  if (length.line != std::string::npos) {
    body =
        std::strtoul(std::string(text.substr(length.value, length.end - length.value)).c_str(), nullptr, 10);
  }
  return head + kEnd.size() + body;
}

std::string plain_answer(std::string_view status, std::string_view headers) {
  return "HTTP/1.1 " + std::string(status) + "\r\nContent-Length: 0\r\n" + std::string(headers) + "\r\n";
}

std::string without_header(const std::string& message, std::string_view name) {
  const Place place = find_header(message, name);
  if (place.line == std::string::npos) return message;
  return message.substr(0, place.line) + message.substr(place.end + 2);
}

std::string closing_request(const std::string& request) {
  return with_header(without_header(request, "connection"), "Connection: close");
}

std::string with_shifted_range(const std::string& head) {
  const Place place = find_header(head, "content-range");
  if (place.line == std::string::npos) return head;
  const std::string value = head.substr(place.value, place.end - place.value);
  const std::size_t digits = value.find_first_of("0123456789");
  const std::size_t dash = value.find('-');
  const std::size_t slash = value.find('/');
  if (digits == std::string::npos || dash == std::string::npos || slash == std::string::npos) return head;
  const auto first = std::strtoull(value.c_str() + digits, nullptr, 10) + 1;
  const auto last = std::strtoull(value.c_str() + dash + 1, nullptr, 10) + 1;
  return head.substr(0, place.value) + " bytes " + std::to_string(first) + "-" + std::to_string(last) +
         value.substr(slash) + head.substr(place.end);
}

std::string with_other_etag(const std::string& head) {
  return with_header(without_header(head, "etag"), "ETag: \"from-the-shaper\"");
}

}  // namespace balancefs::test
