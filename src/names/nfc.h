// Unicode's one spelling of each name (NFC), the only door to utf8proc. Pure.
//
// "é" is one code point or two (an "e" and an accent after it, NFD): the same name to people, and different
// bytes to Linux. macOS and some servers write the second.
#pragma once

#include <string>
#include <string_view>

namespace balancefs {

/// The name in NFC. What is not UTF-8, and what could not be a name any more, comes back as it is.
std::string to_nfc(std::string_view name);

/// Whether the name is ASCII alone: of those there is one spelling, but for a few signs that nobody uses (the
/// Kelvin sign is a "K" in NFC).
bool is_ascii(std::string_view name);

}  // namespace balancefs
