// Whether a listing still speaks of the version that a node stands for. Pure.
#pragma once

#include "balancefs/version.h"
#include "meta/directory.h"

namespace balancefs {

/// Same size, not ended, and no member that both know has another validator now. Validators of different
/// members are never compared: where the authority changed, a member that both name decides, and with none in
/// common it is another version.
bool is_same_version(const Version& version, const DirectoryEntry& entry);

}  // namespace balancefs
