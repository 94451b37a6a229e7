// Passwords and tokens from where a user keeps them: a file, the environment, a command, the file itself.
//
// Errors name the place and never what was found there. Runs before any thread or loop exists, since a
// command may take its time (a password manager that asks).
#pragma once

#include <chrono>
#include <expected>
#include <string>
#include <string_view>

#include "balancefs/options.h"

namespace balancefs {

using SecretResult = std::expected<Secret, std::string>;

/// A command that asks its user may take a while, but one that hangs must not stop the start for good.
constexpr std::chrono::milliseconds kSecretCommandTimeout{60'000};

/// The file's whole content without one trailing line end.
SecretResult secret_from_file(const std::string& path);
SecretResult secret_from_environment(const std::string& name);
/// The standard output of `/bin/sh -c command`, likewise; it must exit with 0.
SecretResult secret_from_command(const std::string& command,
                                 std::chrono::milliseconds timeout = kSecretCommandTimeout);
/// A value written out in the configuration; may be empty (some servers want a user and no password).
SecretResult secret_from_text(std::string_view text);

}  // namespace balancefs
