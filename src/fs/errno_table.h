// Errors as programs see them: the errno column of docs/ARCHITECTURE.md "What an error means".
#pragma once

#include <cerrno>
#include <expected>

#include "balancefs/error.h"

namespace balancefs {

/// A file system operation's failure: an errno and, for the log, why. `text` is empty for what is no failure
/// of the outside (a name that is confirmed absent, a write to a read-only mount): such answers are not
/// logged.
struct FsError {
  int code = EIO;
  std::string text;

  FsError() = default;
  explicit FsError(int number) : code(number) {}
  FsError(int number, std::string why) : code(number), text(std::move(why)) {}
};

template <class T>
using FsResult = std::expected<T, FsError>;

inline std::unexpected<FsError> refuse(int code) {
  return std::unexpected<FsError>(FsError(code));
}

/// For everything but data. `not_found` here is a confirmed absence.
FsError metadata_error(const Error& error);
/// For READ: what is gone or changed under an open handle is ESTALE.
FsError read_error(const Error& error);

}  // namespace balancefs
