// Trying one storage for `check`: does it answer, as what, with how much in its root, and can a file of it be
// read. Loop thread.
#pragma once

#include <string>

#include "balancefs/options.h"
#include "balancefs/storage.h"
#include "daemon/check_folders.h"
#include "daemon/tree_drawing.h"
#include "daemon/watched_http.h"

namespace balancefs {

/// How long one storage may take; docs/CONFIGURATION.md names it.
constexpr Duration kCheckTimeout = std::chrono::seconds(15);

struct StorageCheck {
  MemberReport report;
  std::vector<std::string> warnings;  ///< one line each, with the remedy
  FolderNames root;                   ///< what it lists; empty when it failed
  StorageCheck() = default;
};

/// Never fails and never takes longer than kCheckTimeout: what goes wrong is the report. `http` is what
/// `storage` sends by, and nobody else.
Task<Result<StorageCheck>> check_storage(Storage& storage, const StorageOptions& options, WatchedHttp& http,
                                         Executor executor, Clock& clock);

/// Why a storage does not serve, in the words of who configures it.
std::string explain_failure(const Error& error, const StorageOptions& options);

/// Whether "v3.41.0" or "3.41" comes before `wanted` ("3.42.0"); false when it is no version.
bool is_older(std::string_view version, std::string_view wanted);

}  // namespace balancefs
