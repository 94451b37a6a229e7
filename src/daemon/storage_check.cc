#include "daemon/storage_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "daemon/file_trial.h"
#include "daemon/server_kind.h"

namespace balancefs {
namespace {

/// AList before this version loses balance and cached links in ways that cost members (docs/SEMANTICS.md).
constexpr std::string_view kGoodAlist = "3.42.0";

std::string explain_unreadable(const Path& file, const Error& error) {
  return fmt::format("lists {} but does not serve it: {}", file.str(), error.text);
}

/// What was learnt of a storage that answers.
struct Findings {
  ServerKind kind;
  std::optional<FileTrial> file;    ///< absent: no file was read
  std::optional<Error> unreadable;  ///< why the first file that was tried is not served
  Path unreadable_file;
  Findings() = default;
};

std::string describe(const Findings& found, const FolderNames& root, const StorageTraits& traits) {
  const auto rounded = [](const auto& entry) {
    return entry.second.type == ObjectType::file && entry.second.size_kind != SizeKind::exact;
  };
  std::string text;
  if (!found.kind.alist_version.empty()) text += fmt::format("AList/OpenList {}; ", found.kind.alist_version);
  if (!found.kind.software.empty()) text += found.kind.software + "; ";
  text += fmt::format("{} {} in its root", root.size(), root.size() == 1 ? "name" : "names");
  if (std::ranges::any_of(root, rounded)) text += "; sizes are rounded, exact ones cost a request each";
  if (!found.file) return text + "; no file found to read";
  const bool ranges = traits.ranges && found.file->ranges;
  return text + (ranges ? "; ranges" : "; no ranges: read from the start");
}

std::vector<std::string> warnings_of(const Findings& found, const StorageOptions& options,
                                     bool cached_redirect) {
  std::vector<std::string> warnings;
  const auto warn = [&](std::string_view text) {
    warnings.push_back(fmt::format("storage {}: {}", options.path, text));
  };
  if (is_older(found.kind.alist_version, kGoodAlist)) {
    warn(fmt::format("its AList {} is older than {}, which balances and keeps links badly; update it",
                     found.kind.alist_version, kGoodAlist));
  }
  if (found.file && found.file->etags_differ) {
    warn("its nodes give one file different ETags; write etags = false in its [[storage]]");
  }
  if (cached_redirect) {
    warn(
        "a proxy before it caches redirects, so that links that expired come again; let the proxy not store "
        "answers 302");
  }
  if (found.file && found.unreadable) {
    warn(fmt::format("it lists {} but does not serve it, others it does: {}", found.unreadable_file.str(),
                     found.unreadable->text));
  }
  return warnings;
}

/// Reads the first of the files that can be read.
Task<Result<void>> read_a_file(Storage& storage, std::vector<Path> files, WatchedHttp& http,
                               RequestContext& why, Findings& found) {
  for (const Path& file : files) {
    const Result<FileTrial> tried = co_await try_file(storage, file, http, why);
    if (tried) {
      found.file = *tried;
      break;
    }
    if (!found.unreadable) {
      found.unreadable = tried.error();
      found.unreadable_file = file;
    }
  }
  co_return Result<void>();
}

/// The parts of the check, each bounded by the context's deadline.
Task<Result<void>> examine(Storage& storage, const StorageOptions& options, WatchedHttp& http, Clock& clock,
                           StorageCheck& check) {
  RequestContext why(Priority::probe);
  why.deadline = clock.now() + kCheckTimeout;
  const Result<void> alive = co_await storage.probe(why);
  if (!alive) co_return alive;
  const Path top;
  Result<FolderNames> root = co_await list_folder(storage, top, why);
  if (!root) co_return std::unexpected<Error>(root.error());
  Findings found;
  if (!options.url.empty()) found.kind = co_await ask_server_kind(http, options, why);
  const Result<std::vector<Path>> files = co_await find_files(storage, *root, why);
  if (files) co_await read_a_file(storage, *files, http, why, found);
  check.warnings = warnings_of(found, options, http.cached_redirect());
  if (found.unreadable && !found.file) {
    check.report = MemberReport(MemberReport::State::failed,
                                explain_unreadable(found.unreadable_file, *found.unreadable));
    co_return Result<void>();
  }
  check.report = MemberReport(MemberReport::State::answers, describe(found, *root, storage.traits()));
  check.root = std::move(*root);
  co_return Result<void>();
}

/// Takes "3." off "3.42.0"; absent when no number begins there.
std::optional<unsigned> take_part(std::string_view& version) {
  unsigned part = 0;
  const auto parsed = std::from_chars(version.data(), version.data() + version.size(), part);
  if (parsed.ec != std::errc()) return std::nullopt;
  version.remove_prefix(static_cast<std::size_t>(parsed.ptr - version.data()));
  if (version.starts_with('.')) version.remove_prefix(1);
  return part;
}

std::string explain_denied(const Error& error, const HttpOptions& http) {
  if (error.detail != Error::Detail::credentials) return "refused by permission: " + error.text;
  if (!http.token.empty()) return "the token is refused: " + error.text;
  if (http.user.empty()) return "wants a user and password (or token), and none is configured: " + error.text;
  return fmt::format("wrong user or password (user {}): {}", http.user, error.text);
}

}  // namespace

bool is_older(std::string_view version, std::string_view wanted) {
  if (version.starts_with('v')) version.remove_prefix(1);
  while (!wanted.empty()) {
    const auto want = take_part(wanted);
    const auto have = take_part(version);
    if (!have || !want) return false;
    if (*have != *want) return *have < *want;
    if (version.empty()) return false;
  }
  return false;
}

std::string explain_failure(const Error& error, const StorageOptions& options) {
  switch (error.kind) {
    case ErrorKind::not_found:
      return "its root is not there: " + error.text;
    case ErrorKind::denied:
      return explain_denied(error, options.http);
    case ErrorKind::throttled:
      return "asks to be left alone for now: " + error.text;
    case ErrorKind::unavailable:
      return "cannot be reached: " + error.text;
    case ErrorKind::stalled:
    case ErrorKind::timed_out:
      return "answers too slowly: " + error.text;
    case ErrorKind::corrupted:
      return fmt::format("does not answer as type \"{}\" should: {}", options.type, error.text);
    case ErrorKind::unsupported:
      return fmt::format("is not of type \"{}\": {}", options.type, error.text);
    case ErrorKind::changed:
    case ErrorKind::no_space:
    case ErrorKind::too_large:
    case ErrorKind::cancelled:
      return error.text;
  }
  check_failed(__FILE__, __LINE__, "ErrorKind is in range");
}

Task<Result<StorageCheck>> check_storage(Storage& storage, const StorageOptions& options, WatchedHttp& http,
                                         Executor executor, Clock& clock) {
  StorageCheck check;
  // A driver may overlook the deadline; this flow does not.
  const TimePoint limit = clock.now() + kCheckTimeout + 1s;
  Flow<Result<void>> flow(executor, examine(storage, options, http, clock, check));
  const bool in_time = co_await flow.join_until(clock, limit);
  if (!in_time) flow.cancel();
  Result<void> outcome = co_await flow.join();
  if (!in_time) outcome = fail(ErrorKind::timed_out, "no answer");
  if (!outcome) {
    check.report = MemberReport(MemberReport::State::failed, explain_failure(outcome.error(), options));
  }
  co_return check;
}

}  // namespace balancefs
