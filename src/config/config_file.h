// The configuration: one TOML file to Options, validated, or every mistake in it at once.
//
// Blocks, and may run a user's password_command: never on the loop. Nothing in the file is ignored silently.
// docs/CONFIGURATION.md describes the keys to users.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "balancefs/options.h"

namespace balancefs {

using ConfigResult = std::expected<Options, std::vector<ConfigProblem>>;

/// The problems come in the order of their lines. Texts read "storage.url: 'x' has no scheme; write ..." and
/// never hold a secret.
ConfigResult load_config(const std::string& file);

/// The file to read: `given` (made absolute) or $XDG_CONFIG_HOME/balancefs/mount.conf (~/.config when that is
/// not set) or /etc/balancefs/mount.conf, whichever exists first. The error says where it was looked for.
std::expected<std::string, std::string> find_config_file(const std::optional<std::string>& given);

}  // namespace balancefs
