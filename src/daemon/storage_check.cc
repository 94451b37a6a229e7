#include "daemon/storage_check.h"

#include <fmt/format.h>

#include <charconv>

#include "daemon/server_kind.h"

namespace balancefs {
namespace {

/// AList before this version loses balance and cached links in ways that cost members (docs/SEMANTICS.md).
constexpr std::string_view kGoodAlist = "3.42.0";

class CountingSink final : public ListingSink {
 public:
  Result<void> entry(std::string_view, const ObjectInfo& info) override {
    ++names;
    if (info.type == ObjectType::file && info.size_kind != SizeKind::exact) ++inexact;
    return {};
  }
  void member_done(MemberIndex, const Result<void>&) override {}

  std::size_t names = 0;
  std::size_t inexact = 0;
};

std::string describe(const ServerKind& kind, const CountingSink& root, const StorageTraits& traits) {
  std::string text;
  if (!kind.alist_version.empty()) text += fmt::format("AList/OpenList {}; ", kind.alist_version);
  if (!kind.software.empty()) text += kind.software + "; ";
  text += fmt::format("{} {} in its root", root.names, root.names == 1 ? "name" : "names");
  if (root.inexact > 0) text += "; sizes are rounded, exact ones cost a request each";
  if (!traits.ranges) text += "; no ranges: seeking reads from the start";
  return text;
}

/// The parts of the check, each bounded by the context's deadline.
Task<Result<void>> examine(Storage& storage, const StorageOptions& options, HttpTransport& http, Clock& clock,
                           StorageCheck& check) {
  RequestContext why(Priority::probe);
  why.deadline = clock.now() + kCheckTimeout;
  const Result<void> alive = co_await storage.probe(why);
  if (!alive) co_return alive;
  CountingSink root;
  const Path top;
  const Result<void> listed = co_await storage.list(top, root, why);
  if (!listed) co_return listed;
  ServerKind kind;
  if (!options.url.empty()) kind = co_await ask_server_kind(http, options, why);
  check.report = MemberReport(MemberReport::State::answers, describe(kind, root, storage.traits()));
  if (is_older(kind.alist_version, kGoodAlist)) {
    check.warnings.push_back(fmt::format(
        "storage {}: its AList {} is older than {}, which balances and keeps links badly; update it",
        options.path, kind.alist_version, kGoodAlist));
  }
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

Task<Result<StorageCheck>> check_storage(Storage& storage, const StorageOptions& options, HttpTransport& http,
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
