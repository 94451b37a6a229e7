// Runs a program to its end and gives what it wrote to its standard output.
//
// For the few things that are somebody else's program: a user's password_command, fusermount3. The child gets
// /dev/null as standard input, our standard error unless that is collected, a process group of its own, and
// nothing else of ours. Blocks the calling thread: only for commands, before a loop runs or after it ended.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "balancefs/result.h"

namespace balancefs {

struct ChildCommand {
  std::vector<std::string> argv;  ///< argv[0] is looked up in PATH when it has no '/'
  std::chrono::milliseconds timeout{30'000};
  std::size_t output_limit = 64 * 1024;  ///< more output than this is an error
  bool collect_stderr = false;           ///< into the output as well, instead of ours

  ChildCommand() = default;
};

struct ChildOutcome {
  int exit_status = 0;  ///< of exit(), or 128 + the signal, as shells count
  std::string output;

  ChildOutcome() = default;
};

/// Waits for the child's end. Errors: `unavailable` (cannot be started), `timed_out` (its process group was
/// killed), `too_large` (output; killed too). Error texts name the program and never its output.
Result<ChildOutcome> run_child(const ChildCommand& command);

/// Starts a program that outlives us and is not waited for; never blocks. Its output goes nowhere.
Result<void> start_child(const std::vector<std::string>& argv);

}  // namespace balancefs
