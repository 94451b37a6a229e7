// One line of an index page, and what its columns mean. Pure.
//
// Pages write times and sizes for people: in the server's own zone, to the minute, rounded. Only what is
// known to be right becomes a time or an exact size, because a listing and a HEAD must not contradict each
// other about a file that did not change.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "balancefs/object.h"

namespace balancefs {

struct IndexEntry {
  std::string name;
  bool directory = false;
  SizeKind size_kind = SizeKind::unknown;
  std::uint64_t size = 0;
  std::optional<FileTime> modified;
  bool minutes_only = false;  ///< `modified` is cut off to the minute

  IndexEntry() = default;
};

/// Fills size and time of `entry` from the text that stands beside its link: the columns, in any order, with
/// any blanks between them.
///  - nginx ("03-Feb-2024 04:05  1300000"): UTC by default, minutes; digits alone are exact.
///  - with a zone ("1300000 2024-02-03 04:05:06 +0000 UTC", rclone): exact.
///  - others (Apache, lighttpd): the zone is the server's secret, so no time, and sizes count as rounded.
void read_columns(std::string_view text, IndexEntry& entry);

}  // namespace balancefs
