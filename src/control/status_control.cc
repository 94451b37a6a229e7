#include "control/status_control.h"

#include "control/status_json.h"

namespace balancefs {
namespace {

Task<Result<Json>> status(const std::function<Snapshot()>& take) {
  co_return status_json(take());
}

}  // namespace

void add_status(ControlCommands& commands, std::function<Snapshot()> take) {
  commands.add("status", [take = std::move(take)](Json) { return status(take); });
}

Result<Json> ask_status(ControlClient& client) {
  return client.ask(ControlRequest("status", Json::object()));
}

}  // namespace balancefs
