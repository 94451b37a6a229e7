#include "control/log_control.h"

#include <algorithm>

#include "base/log.h"
#include "base/log_level.h"

namespace balancefs {
namespace {

using Level = LogOptions::Level;

Task<Result<Json>> set(Json arguments) {
  const auto word = text_in(arguments, "level");
  if (!word) co_return std::unexpected(word.error());
  const auto level = parse_log_level(*word);
  if (!level) co_return std::unexpected(level.error());
  set_log_level(*level);
  log_warning("log level is {} from now on: asked for", *word);
  co_return Json::object();
}

Task<Result<Json>> show(Json) {
  co_return Json(recent_log_lines());
}

}  // namespace

Result<Level> parse_log_level(std::string_view word) {
  const auto found = std::ranges::find(kLogLevelNames, word);
  if (found != kLogLevelNames.end()) return static_cast<Level>(found - kLogLevelNames.begin());
  return fail(ErrorKind::unsupported,
              fmt::format("log level '{}': accepted: error, warning, info, debug, trace", word));
}

void add_log(ControlCommands& commands) {
  commands.add("log-level", [](Json arguments) { return set(std::move(arguments)); });
  commands.add("log", [](Json arguments) { return show(std::move(arguments)); });
}

Result<void> ask_log_level(ControlClient& client, const std::string& level) {
  ControlRequest request("log-level", Json::object());
  request.arguments["level"] = level;
  const auto answered = client.ask(request);
  if (!answered) return std::unexpected(answered.error());
  return {};
}

Result<std::vector<std::string>> ask_log(ControlClient& client) {
  const auto answered = client.ask(ControlRequest("log", Json::object()));
  if (!answered) return std::unexpected(answered.error());
  std::vector<std::string> lines;
  for (const Json& line : *answered) {
    if (line.is_string()) lines.push_back(line.get<std::string>());
  }
  return lines;
}

}  // namespace balancefs
