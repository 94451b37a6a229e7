#include "control/control_commands.h"

#include <fmt/format.h>

namespace balancefs {

void ControlCommands::add(std::string name, ControlHandler handler) {
  const bool is_new = handlers_.emplace(std::move(name), std::move(handler)).second;
  BALANCEFS_CHECK(is_new);
}

Task<Result<Json>> ControlCommands::run(ControlRequest request) const {
  const auto found = handlers_.find(request.command);
  if (found != handlers_.end()) co_return co_await found->second(std::move(request.arguments));
  std::string known;
  for (const auto& [name, handler] : handlers_) known += (known.empty() ? "" : ", ") + name;
  co_return fail(ErrorKind::unsupported,
                 fmt::format("{}: this mount knows no such command; it knows: {}", request.command, known));
}

}  // namespace balancefs
