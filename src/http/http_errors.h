// The one table of what an HTTP status means as an Error. Pure functions; no clock, no state.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "balancefs/http.h"

namespace balancefs {

/// What a status that is no success for the caller means. `method` is for the text; `now` is the wall clock,
/// for a Retry-After that is a date. 1xx, 2xx and 3xx are `corrupted` here: the caller knows what it hoped
/// for.
Error http_error(std::string_view method, const ResponseHead& head,
                 std::chrono::system_clock::time_point now);
/// The same with the system's wall clock.
Error http_error(std::string_view method, const ResponseHead& head);
/// The same for an answer whose body is known: S3 says SlowDown there, without Retry-After.
Error http_error(std::string_view method, const ResponseHead& head, std::string_view body);

/// Seconds or an HTTP date, from `now`; a date in the past is 0. At most a day: nobody means more, and a
/// member must come back without a restart.
std::optional<std::chrono::milliseconds> parse_retry_after(std::string_view text,
                                                           std::chrono::system_clock::time_point now);

}  // namespace balancefs
