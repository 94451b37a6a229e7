// Text that more than one layer needs: escaping, percent-encoding, trimming. Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace balancefs {

/// Control characters as \xNN, for logs.
std::string escape_controls(std::string_view text);
/// Without query, fragment and userinfo, for logs and messages; what is no URL is returned up to its first
/// '?'.
std::string without_secrets(std::string_view url);
/// RFC 3986: everything but unreserved characters (and '/' where `keep_slash`) as %NN.
std::string percent_encode(std::string_view text, bool keep_slash);
/// Absent when a '%' is not followed by two hexadecimal digits.
std::optional<std::string> percent_decode(std::string_view text);
/// Digits only; absent when it is anything else or does not fit.
std::optional<std::uint64_t> parse_number(std::string_view text);
std::string to_lower(std::string_view text);   ///< ASCII only
std::string_view trim(std::string_view text);  ///< of spaces, tabs, CR and LF

}  // namespace balancefs
