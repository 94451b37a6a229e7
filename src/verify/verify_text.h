// What `verify` finds, in words for a person: one line each, control characters of names escaped. Pure.
#pragma once

#include <string>
#include <vector>

#include "verify/findings.h"

namespace balancefs {

/// "missing", "type", ...: as --json and the summary spell it.
std::string_view to_string(DifferenceKind kind);
/// RFC 3339, UTC, whole seconds.
std::string to_text(FileTime time);

/// `members`: mount paths by index.
std::string describe(const Difference& difference, const std::vector<std::string>& members);
std::string describe(const Unknown& unknown, const std::vector<std::string>& members);
/// The counts, and what they mean for the group; two lines.
std::string summarise(const VerifyCounts& counts, bool interrupted, const std::string& group);

}  // namespace balancefs
