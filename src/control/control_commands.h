// What the control socket can do: commands by name. Each command is a file of its own that adds its handler
// here; the server knows none of them. Loop thread.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "balancefs/task.h"
#include "control/control_protocol.h"

namespace balancefs {

/// Answers one request. Cancelled when its client has gone. `arguments` is an object, and a client may have
/// put anything into it.
using ControlHandler = std::function<Task<Result<Json>>(Json arguments)>;

class ControlCommands {
 public:
  /// CHECKs that the name is new.
  void add(std::string name, ControlHandler handler);
  /// `unsupported` when there is no such command.
  Task<Result<Json>> run(ControlRequest request) const;

 private:
  std::map<std::string, ControlHandler, std::less<>> handlers_;
};

}  // namespace balancefs
