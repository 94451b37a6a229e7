#include "control/drain_control.h"

namespace balancefs {
namespace {

Task<Result<Json>> answer(Drain drain, Json arguments, bool drained) {
  const auto storage = text_in(arguments, "storage");
  if (!storage) co_return std::unexpected(storage.error());
  const auto done = drain(*storage, drained);
  if (!done) co_return std::unexpected(done.error());
  co_return drain_json(*done);
}

const char* command_name(bool drained) {
  return drained ? "drain" : "undrain";
}

}  // namespace

Json drain_json(const DrainReport& report) {
  Json json = Json::object();
  json["group"] = report.group;
  json["changed"] = report.changed;
  json["left"] = report.left;
  json["usable"] = report.usable;
  return json;
}

void add_drain(ControlCommands& commands, const Drain& drain) {
  for (const bool drained : {true, false}) {
    commands.add(command_name(drained),
                 [drain, drained](Json arguments) { return answer(drain, std::move(arguments), drained); });
  }
}

Result<DrainReport> ask_drain(ControlClient& client, const std::string& storage, bool drained) {
  ControlRequest request(command_name(drained), Json::object());
  request.arguments["storage"] = storage;
  const auto answered = client.ask(request);
  if (!answered) return std::unexpected(answered.error());
  const auto group = text_in(*answered, "group");
  const auto changed = flag_in(*answered, "changed");
  const auto left = number_in(*answered, "left");
  const auto usable = number_in(*answered, "usable");
  if (!group || !changed || !left || !usable)
    return fail(ErrorKind::unavailable, "the daemon's answer makes no sense");
  DrainReport report;
  report.group = *group;
  report.changed = *changed;
  report.left = *left;
  report.usable = *usable;
  return report;
}

}  // namespace balancefs
