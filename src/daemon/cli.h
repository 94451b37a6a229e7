// The command line (CLI11 stays behind this file).
#pragma once

#include <expected>
#include <string>
#include <variant>
#include <vector>

#include "daemon/commands.h"

namespace balancefs {

using Command =
    std::variant<MountArguments, UnmountArguments, CheckArguments, RefreshArguments, DemoArguments,
                 StatusArguments, DrainArguments, ReloadArguments, LogLevelArguments, VerifyArguments>;

/// Why there is no command to run: help or version was asked for (status 0), or the line is wrong.
struct CommandLineEnd {
  int status = kExitUsage;
  std::string text;  ///< for standard output with status 0, else for standard error

  CommandLineEnd(int exit_status, std::string words) : status(exit_status), text(std::move(words)) {}
};

/// `arguments` without the program's name.
std::expected<Command, CommandLineEnd> parse_command_line(const std::vector<std::string>& arguments);

/// The whole program: parses, runs the command, gives the exit status.
int run_command_line(int argc, char** argv);

}  // namespace balancefs
