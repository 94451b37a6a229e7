// The ids that link what log, status and journal tell of one request to a storage: " [#1a2b]" at the end of
// its error's text.
//
// One counter for the process, because its log is one. Any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace balancefs {

/// Never 0 and never the same again.
std::uint64_t next_request_id();
/// "1a2b", as users look for it; empty for 0.
std::string request_id_text(std::uint64_t id);
/// " [#1a2b]", as it ends a text; empty for 0.
std::string request_id_mark(std::uint64_t id);
/// The text without the marks in it: what makes two failures the same.
std::string without_request_ids(std::string_view text);

}  // namespace balancefs
