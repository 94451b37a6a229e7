#include "http/response_fields.h"

#include <curl/curl.h>

#include <algorithm>
#include <charconv>

#include "base/checksums.h"
#include "base/text.h"

namespace balancefs {
namespace {

constexpr std::string_view kBytes = "bytes";

std::optional<ContentRange> parse_satisfied(ContentRange range, std::string_view span) {
  const std::size_t dash = span.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto first = parse_number(trim(span.substr(0, dash)));
  const auto last = parse_number(trim(span.substr(dash + 1)));
  if (!first || !last || *last < *first || (range.total && *last >= *range.total)) return std::nullopt;
  range.satisfied = true;
  range.first = *first;
  range.last = *last;
  return range;
}

/// A size that programs can be shown: off_t is signed.
std::optional<std::uint64_t> parse_size(std::string_view text) {
  const auto number = parse_number(text);
  return number && *number <= static_cast<std::uint64_t>(INT64_MAX) ? number : std::nullopt;
}

/// Repr-Digest (RFC 9530): "sha-256=:BASE64:, sha-512=:BASE64:", with `quote` ":". Digest (RFC 3230):
/// without.
std::string parse_digests(std::string_view text, std::string_view quote) {
  std::string digests;
  while (!text.empty()) {
    const std::string_view item = trim(text.substr(0, text.find(',')));
    text.remove_prefix(std::min(text.find(','), text.size() - 1) + 1);
    const std::size_t equals = item.find('=');
    if (equals == std::string_view::npos) continue;
    std::string_view value = trim(item.substr(equals + 1));
    value = trim(value.substr(0, value.find(';')));
    if (value.size() < 2 * quote.size() || !value.starts_with(quote) || !value.ends_with(quote)) continue;
    value = value.substr(quote.size(), value.size() - 2 * quote.size());
    digests += checksum_of_base64(item.substr(0, equals), value) + " ";
  }
  return digests;
}

}  // namespace

std::optional<ContentRange> parse_content_range(std::string_view text) {
  text = trim(text);
  if (to_lower(text.substr(0, kBytes.size())) != kBytes) return std::nullopt;
  text = trim(text.substr(kBytes.size()));
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const std::string_view span = trim(text.substr(0, slash));
  const std::string_view total = trim(text.substr(slash + 1));
  ContentRange range;
  if (total != "*") {
    range.total = parse_size(total);
    if (!range.total) return std::nullopt;
  }
  if (span == "*") return range.total ? std::optional(range) : std::nullopt;
  return parse_satisfied(range, span);
}

std::optional<FileTime> parse_http_date(std::string_view text) {
  const std::string copy(text);
  const std::time_t seconds = curl_getdate(copy.c_str(), nullptr);
  // What 64-bit nanoseconds hold: 1678 to 2261.
  constexpr std::time_t kLimit = INT64_MAX / 1'000'000'000;
  if (seconds == -1 || seconds > kLimit || seconds < -kLimit) return std::nullopt;
  return FileTime(std::chrono::seconds(seconds));
}

std::optional<std::uint64_t> content_length(const ResponseHead& head) {
  const std::string* value = head.header("content-length");
  return value == nullptr ? std::nullopt : parse_size(*value);
}

std::string media_type(const ResponseHead& head) {
  const std::string* value = head.header("content-type");
  if (value == nullptr) return {};
  return to_lower(trim(std::string_view(*value).substr(0, value->find(';'))));
}

std::string strong_etag(std::string_view text) {
  text = trim(text);
  if (text.starts_with("W/") || text.starts_with("w/")) text.remove_prefix(2);
  return std::string(text);
}

std::string checksums_of(const ResponseHead& head) {
  std::string all;
  for (const HttpHeader& header : head.headers) {
    if (header.name == "repr-digest") all += parse_digests(header.value, ":");
    if (header.name == "digest") all += parse_digests(header.value, "");
    // Of a part it says what the part is.
    if (header.name == "content-md5" && head.status == 200)
      all += checksum_of_base64("md5", header.value) + " ";
  }
  return normal_checksums(all);
}

Validator validator_of(const ResponseHead& head, bool etags) {
  Validator validator;
  const std::string* etag = etags ? head.header("etag") : nullptr;
  if (etag != nullptr) validator.etag = strong_etag(*etag);
  const std::string* modified = head.header("last-modified");
  if (modified != nullptr) validator.modified = parse_http_date(*modified);
  return validator;
}

}  // namespace balancefs
