// The value formats of the configuration file: sizes, times, file modes, and the nearest spelling of a key.
// Pure functions; what they refuse is explained by the caller, who knows the key.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "balancefs/clock.h"

namespace balancefs {

/// "256MiB", "64 KiB", "10GB" (powers of 1000), "512B". A unit is required. Absent: not a size, or over 2^63.
std::optional<std::uint64_t> parse_size(std::string_view text);
/// "500ms", "60s", "10m", "24h", "7d", "1m30s". A unit is required. Absent: not a time, or over 100 years.
std::optional<Duration> parse_duration(std::string_view text);
/// Three or four octal digits: "022", "0755". Absent: anything else.
std::optional<std::uint32_t> parse_octal(std::string_view text);
/// "60s", "10m", "1h": the largest unit that is exact.
std::string format_duration(Duration duration);

/// The candidate that `name` is most likely a misspelling of; empty when none is near.
std::string_view nearest_spelling(std::string_view name, std::span<const std::string_view> candidates);

/// For messages: in quotes, control characters escaped, cut to 80 bytes.
std::string quote(std::string_view value);

}  // namespace balancefs
