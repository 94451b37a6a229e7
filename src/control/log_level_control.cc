#include "control/log_level_control.h"

#include <array>

#include "base/log.h"

namespace balancefs {
namespace {

using Level = LogOptions::Level;

struct Named {
  std::string_view name;
  Level level;
};
constexpr std::array<Named, 5> kLevels = {{{"error", Level::error},
                                           {"warning", Level::warning},
                                           {"info", Level::info},
                                           {"debug", Level::debug},
                                           {"trace", Level::trace}}};

Task<Result<Json>> set(Json arguments) {
  const auto word = text_in(arguments, "level");
  if (!word) co_return std::unexpected(word.error());
  const auto level = parse_log_level(*word);
  if (!level) co_return std::unexpected(level.error());
  set_log_level(*level);
  log_warning("log level is {} from now on: asked for", *word);
  co_return Json::object();
}

}  // namespace

Result<Level> parse_log_level(std::string_view word) {
  for (const Named& each : kLevels) {
    if (each.name == word) return each.level;
  }
  return fail(ErrorKind::unsupported,
              fmt::format("log level '{}': accepted: error, warning, info, debug, trace", word));
}

void add_log_level(ControlCommands& commands) {
  commands.add("log-level", [](Json arguments) { return set(std::move(arguments)); });
}

Result<void> ask_log_level(ControlClient& client, const std::string& level) {
  ControlRequest request("log-level", Json::object());
  request.arguments["level"] = level;
  const auto answered = client.ask(request);
  if (!answered) return std::unexpected(answered.error());
  return {};
}

}  // namespace balancefs
