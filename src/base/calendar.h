// Calendar times as servers write them beside HTTP's own dates (src/http/response_fields). Pure.
#pragma once

#include <optional>
#include <string_view>

#include "balancefs/clock.h"

namespace balancefs {

/// The number of an English month's first three letters ("Nov" is 11), in any case; absent when it is none.
std::optional<unsigned> month_number(std::string_view name);
/// A calendar time in UTC; absent when a part is out of range.
std::optional<FileTime> make_file_time(int year, unsigned month, unsigned day, unsigned hour, unsigned minute,
                                       unsigned second);
/// RFC 3339: "2024-02-03T04:05:06.789Z", "2024-02-03 04:05:06+02:00". Absent when it is not.
std::optional<FileTime> parse_rfc3339(std::string_view text);

}  // namespace balancefs
