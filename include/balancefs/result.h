// Result<T>: a value or an Error. CHECK: an invariant of our own.
//
// World or bug: what the outside does is a Result and has a test; a broken invariant of ours is a CHECK,
// which prints the place and aborts. Exceptions carry cancellation only (task.h).
#pragma once

#include <expected>

#include "balancefs/error.h"

namespace balancefs {

template <class T>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(ErrorKind kind, std::string text) {
  return std::unexpected<Error>(Error(kind, std::move(text)));
}

/// Prints file, line and the broken condition to stderr and aborts. Any thread.
[[noreturn]] void check_failed(const char* file, int line, const char* condition);

}  // namespace balancefs

#define BALANCEFS_CHECK(condition) \
  ((condition) ? static_cast<void>(0) : ::balancefs::check_failed(__FILE__, __LINE__, #condition))
