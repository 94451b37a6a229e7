// Runs real programs in tests (rsync, find, cp, the binary itself), never longer than a deadline.
//
// A Program is a child in a process group of its own whose output goes to memory files, so that a full pipe
// never stops it. Whatever is left of the group is killed when the Program goes. A program that cannot be
// started throws std::runtime_error: a test cannot go on without it.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace balancefs::test {

/// How a program ended.
struct ProgramResult {
  int status = -1;         ///< exit code; 128 + signal when killed by one
  bool timed_out = false;  ///< it was killed at the deadline
  std::string out, err;

  /// For messages: how it ended and what it printed.
  std::string text() const;
};

class Program {
 public:
  /// Found in PATH unless the name has a '/'. `directory`: where it runs; empty: here.
  explicit Program(const std::vector<std::string>& command, const std::string& directory = {});
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  pid_t pid() const { return pid_; }
  void signal(int number) const;
  /// Whether it ended within `limit`.
  bool wait(std::chrono::milliseconds limit);
  bool running() { return !wait(std::chrono::milliseconds(0)); }
  /// Waits for the end; kills the group at the deadline.
  ProgramResult finish(std::chrono::milliseconds limit);
  /// What it has printed so far.
  std::string out() const;
  std::string err() const;

 private:
  pid_t pid_ = -1;
  int out_ = -1, err_ = -1;    ///< memory files
  std::optional<int> status_;  ///< of waitpid, once it ended
};

/// Generous: the machine may be busy and the daemon built with sanitizers.
constexpr std::chrono::seconds kProgramLimit{120};

/// Runs a program to its end.
ProgramResult run(const std::vector<std::string>& command, std::chrono::milliseconds limit = kProgramLimit);
/// Runs a shell script in `directory`; $1, $2, ... are `arguments`.
ProgramResult run_script(const std::string& script, const std::string& directory,
                         const std::vector<std::string>& arguments = {},
                         std::chrono::milliseconds limit = kProgramLimit);

}  // namespace balancefs::test
