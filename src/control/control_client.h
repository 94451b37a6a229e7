// A command's side of the control socket: asks the daemon of one mount and waits for its answer. Blocking,
// with a deadline; for commands, never in a loop.
#pragma once

#include <chrono>

#include "base/mount_table.h"
#include "control/control_protocol.h"

namespace balancefs {

class ControlClient {
 public:
  /// Longer than any command's handler takes.
  static constexpr std::chrono::milliseconds kLimit{15'000};

  /// Connects to the daemon of `mount`. The error is one line for the user: no daemon, another user's, none
  /// that answers.
  static Result<ControlClient> connect(const MountEntry& mount, std::chrono::milliseconds limit = kLimit);

  ControlClient(ControlClient&& other) noexcept;
  ControlClient& operator=(ControlClient&&) = delete;
  ~ControlClient();

  /// The daemon's result, or its error, or why there is none.
  Result<Json> ask(const ControlRequest& request);

 private:
  using TimeLimit = std::chrono::steady_clock::time_point;
  ControlClient(int descriptor, std::string point, TimeLimit until)
      : descriptor_(descriptor), point_(std::move(point)), until_(until) {}
  Result<void> send(std::string_view text);
  Result<std::string> receive_line();
  Result<void> wait_for(short events) const;

  int descriptor_;
  std::string point_;
  TimeLimit until_;
};

}  // namespace balancefs
