#include "http/range_answer.h"

#include <fmt/format.h>

#include <algorithm>

#include "http/http_errors.h"
#include "http/response_fields.h"

namespace balancefs {
namespace {

std::unexpected<Error> refuse(ErrorKind kind, const ResponseHead& head, std::string_view what) {
  return fail(kind, fmt::format("GET {}: {}", head.url, what));
}

bool is_page(const ResponseHead& head) {
  const std::string type = media_type(head);
  return type == "text/html" || type == "application/xhtml+xml";
}

Result<RangeAnswer> judge_partial(const ResponseHead& head, ByteRange wanted, std::uint64_t size) {
  if (media_type(head) == "multipart/byteranges") {
    return refuse(ErrorKind::corrupted, head, "several ranges where one was asked");
  }
  const std::string* field = head.header("content-range");
  const auto range = field == nullptr ? std::nullopt : parse_content_range(*field);
  if (!range || !range->satisfied)
    return refuse(ErrorKind::corrupted, head, "status 206 without a usable Content-Range");
  if (range->total && *range->total != size) {
    return refuse(ErrorKind::changed, head,
                  fmt::format("{} bytes in all instead of {}", *range->total, size));
  }
  if (range->first != wanted.offset || range->last >= wanted.end()) {
    return refuse(ErrorKind::corrupted, head,
                  fmt::format("bytes {}-{} where {}-{} were asked", range->first, range->last, wanted.offset,
                              wanted.end() - 1));
  }
  RangeAnswer answer;
  answer.take = range->last - range->first + 1;
  const auto length = content_length(head);
  if (length && *length != answer.take) {
    return refuse(ErrorKind::corrupted, head, "Content-Length contradicts Content-Range");
  }
  return answer;
}

Result<RangeAnswer> judge_whole(const ResponseHead& head, ByteRange wanted, std::uint64_t size,
                                bool sequential) {
  const auto length = content_length(head);
  if (!length || (*length != size && is_page(head))) {
    return refuse(ErrorKind::corrupted, head,
                  length ? "a page instead of data" : "status 200 without a length");
  }
  if (*length != size) {
    return refuse(ErrorKind::changed, head, fmt::format("{} bytes in all instead of {}", *length, size));
  }
  if (wanted.offset > 0 && !sequential) {
    return std::unexpected<Error>(
        Error(ErrorKind::unsupported, Error::Detail::no_range,
              fmt::format("GET {}: the whole file where a range was asked", head.url)));
  }
  RangeAnswer answer;
  answer.skip = wanted.offset;
  answer.take = wanted.length;
  answer.surplus = wanted.end() < size;
  return answer;
}

}  // namespace

Result<RangeAnswer> judge_range_answer(const ResponseHead& head, ByteRange wanted, std::uint64_t size,
                                       bool sequential) {
  BALANCEFS_CHECK(!wanted.empty() && wanted.end() <= size);
  if (head.status == 206) return judge_partial(head, wanted, size);
  return judge_whole(head, wanted, size, sequential);
}

Error range_refusal(const ResponseHead& head, std::string_view body, std::uint64_t size) {
  Error error = http_error("GET", head, body);
  if (head.status != 416) return error;
  // We ask inside the version only. A server that refuses a range inside what it says it has is broken;
  // otherwise the object has become shorter.
  const std::string* field = head.header("content-range");
  const auto range = field == nullptr ? std::nullopt : parse_content_range(*field);
  const bool same_size = range && range->total == size;
  error.kind = same_size ? ErrorKind::corrupted : ErrorKind::changed;
  return error;
}

}  // namespace balancefs
