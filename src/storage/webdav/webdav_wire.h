// WebDAV's wire format: the PROPFIND that we send and the multistatus that comes back, parsed as it arrives.
//
// Pure: bytes in, entries out, no I/O. Everything in an answer is hostile until it was looked at: document
// types (and with them entities) are refused, depth, attributes, texts and the total are bounded. What the
// hrefs mean is for dav_listing. Any thread, no shared state.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "balancefs/clock.h"
#include "balancefs/result.h"

namespace balancefs {

/// Asks for what we use; with a body, because some servers answer an empty one with every property they have.
std::string propfind_body();

/// One <response>: what was said about one href.
struct DavResponse {
  std::string href;  ///< as sent: encoded, absolute or relative
  /// Of the response, else 200 when any property was found, else that of the properties (404 when none).
  int status = 200;
  std::optional<bool> collection;  ///< absent when the server did not say
  std::optional<std::uint64_t> size;
  std::optional<FileTime> modified;
  std::string etag;      ///< without W/
  std::string checksum;  ///< in normal form (base/checksums.h)

  DavResponse() = default;
};

class MultistatusParser {
 public:
  /// Called for each response, in order; an error ends the parse and is its result.
  using OnResponse = std::function<Result<void>(const DavResponse&)>;

  explicit MultistatusParser(OnResponse on_response);
  ~MultistatusParser();
  MultistatusParser(const MultistatusParser&) = delete;
  MultistatusParser& operator=(const MultistatusParser&) = delete;

  /// `corrupted`: not a multistatus, broken or hostile XML; `too_large`: beyond 1 GiB in all.
  Result<void> feed(std::string_view bytes);
  /// The body has ended: `corrupted` unless the document had, too.
  Result<void> finish();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace balancefs
