// The table of docs/ARCHITECTURE.md "What an error means", but for the errno column
// (src/fuse/errno_table.cc).
#include "balancefs/error.h"

#include "balancefs/result.h"

namespace balancefs {

std::string_view to_string(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::not_found:
      return "not_found";
    case ErrorKind::denied:
      return "denied";
    case ErrorKind::changed:
      return "changed";
    case ErrorKind::throttled:
      return "throttled";
    case ErrorKind::unavailable:
      return "unavailable";
    case ErrorKind::stalled:
      return "stalled";
    case ErrorKind::timed_out:
      return "timed_out";
    case ErrorKind::corrupted:
      return "corrupted";
    case ErrorKind::no_space:
      return "no_space";
    case ErrorKind::too_large:
      return "too_large";
    case ErrorKind::unsupported:
      return "unsupported";
    case ErrorKind::cancelled:
      return "cancelled";
  }
  check_failed(__FILE__, __LINE__, "ErrorKind is in range");
}

bool another_member_may_help(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::not_found:
    case ErrorKind::denied:
    case ErrorKind::changed:
    case ErrorKind::throttled:
    case ErrorKind::unavailable:
    case ErrorKind::stalled:
    case ErrorKind::timed_out:
    case ErrorKind::corrupted:
      return true;
    case ErrorKind::no_space:
    case ErrorKind::too_large:
    case ErrorKind::unsupported:
    case ErrorKind::cancelled:
      return false;
  }
  check_failed(__FILE__, __LINE__, "ErrorKind is in range");
}

Blame blame(const Error& error) {
  switch (error.kind) {
    case ErrorKind::unavailable:
      return error.detail == Error::Detail::not_ours ? Blame::none : Blame::dead;
    case ErrorKind::stalled:
    case ErrorKind::timed_out:
    case ErrorKind::corrupted:
      return Blame::dead;
    case ErrorKind::denied:
      return Blame::auth;
    case ErrorKind::throttled:
      return Blame::throttled;
    case ErrorKind::not_found:
    case ErrorKind::changed:
    case ErrorKind::no_space:
    case ErrorKind::too_large:
    case ErrorKind::unsupported:
    case ErrorKind::cancelled:
      return Blame::none;
  }
  check_failed(__FILE__, __LINE__, "ErrorKind is in range");
}

}  // namespace balancefs
