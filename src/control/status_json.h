// The JSON of `balancefs status --json`: documented in docs/STATUS.md, stable. Pure.
#pragma once

#include "control/control_protocol.h"
#include "control/snapshot.h"

namespace balancefs {

Json status_json(const Snapshot& snapshot);
/// What is missing, or has another type, stays as it is in an empty Snapshot: a daemon may be older.
Result<Snapshot> parse_status(const Json& status);

}  // namespace balancefs
