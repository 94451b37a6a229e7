// An ObjectReader for files over HTTP, shared by the drivers.
//
// Asks for ranges, checks every answer against the version before a byte is delivered, and follows redirects
// by src/http/redirects. Where a URL redirects, the target is kept for the handle's further ranges and
// resolved again when it expires, in the middle of a part too; reads that run at once share one resolve. A
// target is never logged with its query, persisted, or shared with another handle. Loop thread.
#pragma once

#include <memory>
#include <string>

#include "balancefs/http.h"

namespace balancefs {

/// What a storage's readers have learnt of where its data is; shared by them.
struct DataLocation {
  /// The last first answer was no redirect: the next reader's parts need not wait for each other to learn
  /// that.
  bool direct = false;
};

/// `url`: absolute, percent-encoded. `location`: the storage's, or null. `self` names this storage in the
/// version's pins. `etags`: whether the server's ETags can be relied on. `http` outlives the reader. Errors
/// of read(): as the transport's, plus `changed` (412, 416, another total or validator), `corrupted` (a wrong
/// range, a page instead of data), `unsupported` with Detail::no_range (see
/// RequestContext::sequential_fallback), and the rows of http_errors.
std::unique_ptr<ObjectReader> make_range_reader(HttpTransport& http,
                                                std::shared_ptr<const HttpOptions> options, std::string url,
                                                std::shared_ptr<Version> version, MemberIndex self,
                                                bool etags, std::shared_ptr<DataLocation> location = nullptr);

}  // namespace balancefs
