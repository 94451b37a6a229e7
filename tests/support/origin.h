// A small HTTP and WebDAV server of our own that can lie, for what real servers cannot be brought to do.
//
// Serves a tree in memory (ramp_bytes) with GET, HEAD, ranges and PROPFIND (depth 0 and 1), on 127.0.0.1.
// Threads of libmicrohttpd, one per connection; every method may be called from the test at any time, and
// lies hold from the next request on.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace balancefs::test {

struct OriginRequest {
  std::string method;
  std::string path;                            ///< decoded, with leading slash
  std::map<std::string, std::string> headers;  ///< names in lower case
  std::map<std::string, std::string> query;

  /// Empty when it was not sent.
  std::string header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? std::string() : found->second;
  }
};

struct OriginReply {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  /// With it the body is `length` ramp bytes from `offset` instead.
  bool ramp = false;
  std::uint64_t offset = 0, length = 0;
  std::uint32_t seed = 0;
  std::optional<std::uint64_t> cut_after;    ///< body bytes, then the connection is closed
  std::optional<std::uint64_t> stall_after;  ///< body bytes, then nothing for as long as `stalled` holds
  std::uint64_t bytes_per_second = 0;
  bool chunked = false;  ///< no Content-Length

  OriginReply() = default;
  OriginReply(int code, std::string type, std::string text) : status(code), body(std::move(text)) {
    headers.emplace_back("Content-Type", std::move(type));
  }
};

/// What it does wrong. Plain values, replaced as a whole.
struct OriginLies {
  bool login_page = false;  ///< everything: 200 with an HTML page, as captive portals do
  bool empty_root = false;  ///< the root's listing has no entries
  bool no_sizes = false;    ///< listings without getcontentlength
  bool no_etags = false;
  int status = 0;                            ///< the answer to everything: 404, 429, 503, ...
  std::string retry_after;                   ///< of that answer
  bool wrong_range = false;                  ///< Content-Range and bytes are one off
  bool ignore_range = false;                 ///< 200 with the whole file
  bool other_etag = false;                   ///< of data: as if the file had changed
  bool content_encoding = false;             ///< claims gzip
  std::optional<std::uint64_t> cut_after;    ///< of bodies of files
  std::optional<std::uint64_t> stall_after;  ///< of bodies of files; goes on when the lie ends
  std::uint64_t bytes_per_second = 0;
  std::uint64_t longest_range = 0;  ///< shorter legal ranges than asked; 0: as asked
  std::string
      redirect_to;  ///< GET of a file: 302 to this server's URL, the same path and a `sign` of its own
  std::string user, password;  ///< Basic is demanded; empty: open
  bool signed_only = false;    ///< data only for a valid `sign` (else 403); a CDN behind redirect_to
  int link_uses = 0;           ///< how often one sign works; 0: for ever

  OriginLies() = default;
};

struct OriginCounts {
  std::uint64_t requests = 0;
  std::uint64_t bytes = 0;           ///< of bodies
  std::uint64_t authorizations = 0;  ///< requests with an Authorization header
  std::uint64_t redirects = 0;
  std::map<std::string, std::uint64_t> methods;
  std::vector<std::string> ranges;  ///< values of Range, in order

  OriginCounts() = default;
};

class Origin {
 public:
  Origin();
  Origin(const Origin&) = delete;
  Origin& operator=(const Origin&) = delete;
  ~Origin();

  int port() const;
  std::string url() const;  ///< "http://127.0.0.1:PORT"

  /// Path without leading slash. ETag and time are made from size, seed and revision.
  void add_file(std::string_view path, std::uint64_t size, std::uint32_t seed = 0, int revision = 1);
  void add_directory(std::string_view path);
  void remove(std::string_view path);
  /// The ETags of this server begin with it: two servers of the same files differ.
  void set_etag_prefix(std::string prefix);

  void set_lies(OriginLies lies);
  /// Signs that were given out so far stop working.
  void expire_links();
  /// Asked first; an empty result means: answer as usual. Runs on a server thread.
  void set_script(std::function<std::optional<OriginReply>(const OriginRequest&)> script);

  OriginCounts counts() const;
  std::vector<OriginRequest> requests() const;
  void forget_requests();

 private:
  class Server;
  std::unique_ptr<Server> server_;
};

}  // namespace balancefs::test
