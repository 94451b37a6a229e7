// What the demo's WebDAV server answers to a request: pure, so that every case is a test without a socket.
//
// Read-only WebDAV class 1 as nginx and Apache speak it: OPTIONS, PROPFIND with depth 0 and 1, GET and HEAD
// with a single range (206, 416), conditions on ETags (If-Match, If-None-Match, If-Range).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "balancefs/bytes.h"
#include "balancefs/http.h"
#include "daemon/demo_files.h"

namespace balancefs {

struct DavRequest {
  std::string method;
  std::string path;  ///< decoded, with the leading '/'
  std::vector<HttpHeader> headers;

  DavRequest() = default;
  /// The first header of that name, in any case; empty when there is none.
  std::string_view header(std::string_view name) const;
};

struct DavAnswer {
  int status = 200;
  std::vector<HttpHeader> headers;
  std::string body;                       ///< when `file` is null
  const DemoFiles::Node* file = nullptr;  ///< whose `range` is the body
  ByteRange range;

  DavAnswer() = default;
};

/// A range header's meaning for a file of `size` bytes.
struct DavRange {
  enum class Kind { whole, part, unsatisfiable };
  Kind kind = Kind::whole;
  ByteRange range;

  DavRange() = default;
  DavRange(Kind what, ByteRange bytes) : kind(what), range(bytes) {}
};

/// RFC 9110 section 14: what cannot be understood, and several ranges at once, mean the whole file.
DavRange parse_range(std::string_view header, std::uint64_t size);

/// `server` goes into the ETags: like real servers, no two of them agree on one.
DavAnswer dav_answer(const DavRequest& request, const DemoFiles& files, std::string_view server);

}  // namespace balancefs
