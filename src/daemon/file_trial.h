// Reading one file of a storage for `check`, through the driver: does it serve ranges, and do all nodes of
// the server give the file the same ETag. Loop thread.
#pragma once

#include <span>

#include "balancefs/storage.h"
#include "daemon/watched_http.h"

namespace balancefs {

struct FileTrial {
  bool ranges = true;         ///< false: a later range is answered by the whole file
  bool etags_differ = false;  ///< the same state of the file has several ETags
  FileTrial() = default;
};

/// Asks for the file's attributes four times and for its first and last bytes twice. The error is the first
/// that is none of the two above. `http` is what `storage` sends by.
Task<Result<FileTrial>> try_file(Storage& storage, Path file, WatchedHttp& http, RequestContext& why);

/// Whether one unchanged file was given several ETags: other ones at the same time of change, or one that
/// comes back after another. `seen` in the order of the answers, all of one server.
bool etags_alternate(std::span<const Validator> seen);

}  // namespace balancefs
