// What the hrefs of a multistatus mean: which response is the folder itself, which are its children, by name.
//
// Servers differ in all of it: absolute URLs, absolute or relative paths, any case of percent-encoding or
// none, doubled and missing slashes, the folder first, last or absent, another prefix than ours behind a
// reverse proxy. Entries go on to the sink as soon as the folder itself was seen; those before it wait. Pure.
// Names that could leave the folder are dropped, with one log line in all.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "balancefs/object.h"
#include "storage/webdav/webdav_wire.h"

namespace balancefs {

/// Decoded path components of a URL's path; empty ones dropped.
std::vector<std::string> url_components(std::string_view url);

/// An entry as the rest of the system sees it. `etags` false: leaves ETags out.
ObjectInfo to_object_info(const DavResponse& response, bool collection, bool etags);

class DavListing {
 public:
  /// `name`: of the storage, for log lines. The sink must outlive this.
  DavListing(std::string name, bool etags, ListingSink& entries);

  /// The URL that answered (after redirects), before the first add().
  void set_request_url(std::string_view url) { folder_ = url_components(url); }
  /// One response. Errors: the folder's own (`not_found` when it is missing or a file), `corrupted` when a
  /// child's state is unknown, the sink's.
  Result<void> add(const DavResponse& response);
  /// The multistatus was complete. `corrupted` when its entries cannot be related to the folder, or there are
  /// none, not even its own.
  Result<void> finish();

 private:
  struct Entry {
    std::vector<std::string> components;
    DavResponse response;
    bool slash = false;
  };

  Result<void> add_self(const DavResponse& response);
  Result<void> place(const Entry& entry);
  Result<void> place_waiting();
  Result<void> find_folder();
  Result<void> add_child(const std::string& name, const DavResponse& response, bool slash);
  void drop(std::string_view name, std::string_view why);

  std::string name_;
  bool etags_;
  ListingSink& entries_;
  std::vector<std::string> folder_;  ///< as asked, or as the server calls it
  std::set<std::string, std::less<>> seen_;
  std::vector<Entry> waiting_;  ///< until the folder itself is known
  bool self_seen_ = false;
  std::size_t dropped_ = 0;
  std::string first_dropped_;
};

}  // namespace balancefs
