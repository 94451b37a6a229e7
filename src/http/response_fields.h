// Fields of a response head, parsed: strict about digits, silent about what is missing. Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "balancefs/http.h"
#include "balancefs/object.h"

namespace balancefs {

/// "bytes 0-99/1000", "bytes 0-99/*" or (of a 416) "bytes */1000".
struct ContentRange {
  bool satisfied = false;  ///< false: the 416 form
  std::uint64_t first = 0;
  std::uint64_t last = 0;  ///< inclusive
  std::optional<std::uint64_t> total;

  ContentRange() = default;
};

std::optional<ContentRange> parse_content_range(std::string_view text);
/// Any date format that HTTP allows; seconds.
std::optional<FileTime> parse_http_date(std::string_view text);
/// Content-Length; absent when there is none or it is no number.
std::optional<std::uint64_t> content_length(const ResponseHead& head);
/// The media type in lower case without parameters: "text/html". Empty when not given.
std::string media_type(const ResponseHead& head);
/// An ETag as Validator wants it: without W/.
std::string strong_etag(std::string_view text);
/// What Repr-Digest, Digest and Content-MD5 say of the whole file, in normal form (base/checksums.h).
std::string checksums_of(const ResponseHead& head);
/// ETag (unless `etags` is false: docs/CONFIGURATION.md) and Last-Modified of an answer.
Validator validator_of(const ResponseHead& head, bool etags);

}  // namespace balancefs
