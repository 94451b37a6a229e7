#include "control/reload_control.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <utility>

namespace balancefs {
namespace {

struct Field {
  const char* name;
  std::vector<std::string> ReloadReport::* list;
};
constexpr std::array kFields = {Field("kept", &ReloadReport::kept),
                                Field("changed", &ReloadReport::changed),
                                Field("added", &ReloadReport::added),
                                Field("removed", &ReloadReport::removed),
                                Field("not_applied", &ReloadReport::not_applied),
                                Field("warnings", &ReloadReport::warnings)};

Task<Result<Json>> answer(Reload reload) {
  const auto done = co_await reload();
  if (!done) co_return std::unexpected(done.error());
  Json json = Json::object();
  for (const Field& field : kFields) json[field.name] = (*done).*field.list;
  co_return json;
}

}  // namespace

std::string describe(const ReloadReport& report) {
  std::vector<std::string> parts;
  const auto add = [&](const char* what, const std::vector<std::string>& groups) {
    if (!groups.empty())
      parts.push_back(fmt::format("{} {} ({})", groups.size(), what, fmt::join(groups, ", ")));
  };
  add("changed", report.changed);
  add("added", report.added);
  add("removed", report.removed);
  std::string text = parts.empty() ? "no group changed" : fmt::format("groups: {}", fmt::join(parts, ", "));
  if (!report.not_applied.empty())
    text += fmt::format("; not applied before the next mount: {}", fmt::join(report.not_applied, ", "));
  return text;
}

void add_reload(ControlCommands& commands, Reload reload) {
  commands.add("reload", [reload = std::move(reload)](const Json&) { return answer(reload); });
}

Result<ReloadReport> ask_reload(ControlClient& client) {
  const auto answered = client.ask(ControlRequest("reload", Json::object()));
  if (!answered) return std::unexpected(answered.error());
  ReloadReport report;
  for (const Field& field : kFields) {
    const auto list = answered->find(field.name);
    if (list == answered->end() || !list->is_array())
      return fail(ErrorKind::unavailable, "the daemon's answer makes no sense");
    for (const Json& text : *list) {
      if (!text.is_string()) return fail(ErrorKind::unavailable, "the daemon's answer makes no sense");
      (report.*field.list).push_back(text.get<std::string>());
    }
  }
  return report;
}

}  // namespace balancefs
