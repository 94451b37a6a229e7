// Which server software answers at a URL, as far as it tells. Loop thread; never an error.
#pragma once

#include <string>

#include "balancefs/http.h"
#include "balancefs/options.h"

namespace balancefs {

struct ServerKind {
  std::string software;       ///< the Server header: "nginx/1.22.1"; empty when not told
  std::string alist_version;  ///< "v3.45.0" of AList and OpenList, which have no Server header
  ServerKind() = default;
};

/// Asks OPTIONS of the URL and, where it looks like AList's ("/dav" in its path), the public settings page.
Task<ServerKind> ask_server_kind(HttpTransport& http, const StorageOptions& storage, RequestContext& why);

/// The version in AList's /api/public/settings; empty when there is none.
std::string alist_version_of(std::string_view settings);

}  // namespace balancefs
