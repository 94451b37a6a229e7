// What `verify --json` prints: one object a line, the summary last (docs/VERIFY.md). Pure.
#pragma once

#include <string>
#include <vector>

#include "verify/findings.h"

namespace balancefs {

/// `members`: mount paths by index. Bytes that are no UTF-8 are shown as U+FFFD.
std::string to_json(const Difference& difference, const std::vector<std::string>& members);
std::string to_json(const Unknown& unknown, const std::vector<std::string>& members);
std::string summary_json(const VerifyCounts& counts, bool interrupted, const std::string& group,
                         const std::vector<std::string>& members);

}  // namespace balancefs
