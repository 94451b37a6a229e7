// Folders for what nobody else is to look into. Blocking.
#pragma once

#include <string>

namespace balancefs {

/// Makes the folder and those above it, each for its owner alone. 0, or an errno.
int make_private_folders(const std::string& path);

}  // namespace balancefs
