// What can go wrong, as values.
//
// Every operation on a storage ends in success or in one Error whose kind decides what happens next: which
// errno a program sees, whether another member is tried, and whether the member's health suffers. Those
// decisions are total switches over ErrorKind (error.cc, src/fuse/errno_table.cc); nothing ever branches on
// an error's text. Immutable values, safe on any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace balancefs {

/// The rows of docs/ARCHITECTURE.md "What an error means".
enum class ErrorKind : std::uint8_t {
  not_found,    ///< the storage says this path does not exist (404, ENOENT); see SEMANTICS for when it is
                ///< believed
  denied,       ///< refused by permission (401, 403, EACCES)
  changed,      ///< the object is no longer the version that was opened (412, another total or validator)
  throttled,    ///< asked to slow down (429, 503 with Retry-After)
  unavailable,  ///< DNS, connect, TLS, 5xx, connection reset
  stalled,      ///< connected, but too few bytes came for too long while somebody waited
  timed_out,    ///< a deadline passed
  corrupted,    ///< the answer is not what was asked: short body, wrong range, a page instead of data or XML
  no_space,     ///< storage full (507, ENOSPC)
  too_large,    ///< a limit of the storage or of ours on one object
  unsupported,  ///< this driver or server cannot do it
  cancelled,    ///< nobody wants the answer any more
};
constexpr std::size_t kErrorKinds = static_cast<std::size_t>(ErrorKind::cancelled) + 1;

/// What a failure says about the member it came from (docs/SEMANTICS.md, "Health").
enum class Blame : std::uint8_t {
  none,       ///< about the path or the caller, not about the member
  dead,       ///< counts towards ejection
  auth,       ///< the credentials are refused: ejection with a long back-off when nothing else works either
  throttled,  ///< not a failure: the member is left alone until `retry_after`
};

struct Error {
  /// A finer cause that a caller may act on; `none` unless a driver says so.
  enum class Detail : std::uint8_t {
    none,
    credentials,  ///< denied: the server refused who we are (401), not this one path
    no_range,     ///< unsupported: the server answered a range request from a non-zero offset with 200
    not_ours,     ///< unavailable: refused before any request (the member is open, drained or not configured)
  };

  ErrorKind kind = ErrorKind::unavailable;
  Detail detail = Detail::none;
  /// throttled: how long the server asked to be left alone. Absent when it gave no time.
  std::optional<std::chrono::milliseconds> retry_after;
  /// One line for the log: what was asked and what came. Never holds a secret, a query string or userinfo.
  std::string text;

  Error() = default;
  Error(ErrorKind kind_of, std::string line) : kind(kind_of), text(std::move(line)) {}
  Error(ErrorKind kind_of, Detail finer, std::string line)
      : kind(kind_of), detail(finer), text(std::move(line)) {}
};

/// The kind's name as logs, status and metrics spell it ("not_found").
std::string_view to_string(ErrorKind kind);

/// Whether another member that holds the same bytes may succeed where this one failed.
bool another_member_may_help(ErrorKind kind);

/// Whether the failure counts against the member's health, and how.
Blame blame(const Error& error);

}  // namespace balancefs
