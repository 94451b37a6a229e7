#include "fs/errno_table.h"

#include "balancefs/result.h"

namespace balancefs {
namespace {

int metadata_errno(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::not_found:
      return ENOENT;
    case ErrorKind::denied:
      return EACCES;
    case ErrorKind::changed:
      return ESTALE;
    case ErrorKind::throttled:
    case ErrorKind::unavailable:
    case ErrorKind::stalled:
    case ErrorKind::timed_out:
    case ErrorKind::corrupted:
      return EIO;
    case ErrorKind::no_space:
      return ENOSPC;
    case ErrorKind::too_large:
      return EFBIG;
    case ErrorKind::unsupported:
      return ENOTSUP;
    case ErrorKind::cancelled:
      return EINTR;
  }
  check_failed(__FILE__, __LINE__, "ErrorKind is in range");
}

std::string describe(const Error& error) {
  return std::string(to_string(error.kind)) + ": " + error.text;
}

}  // namespace

FsError metadata_error(const Error& error) {
  const int code = metadata_errno(error.kind);
  return code == ENOENT || code == EINTR ? FsError(code) : FsError(code, describe(error));
}

FsError read_error(const Error& error) {
  if (error.kind == ErrorKind::not_found) return FsError(ESTALE, describe(error));
  // A server that cannot serve ranges is no answer a reader knows.
  if (error.kind == ErrorKind::unsupported) return FsError(EIO, describe(error));
  return metadata_error(error);
}

}  // namespace balancefs
