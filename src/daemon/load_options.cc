#include "daemon/load_options.h"

#include <fmt/format.h>

#include <cstdio>

#include "base/text.h"
#include "config/config_file.h"

namespace balancefs {
namespace {

std::vector<std::string> lines_of(const std::string& file, const std::vector<ConfigProblem>& problems) {
  std::vector<std::string> lines;
  for (const ConfigProblem& problem : problems) {
    const std::string place = problem.line > 0 ? fmt::format("{}:{}", file, problem.line) : file;
    lines.push_back(escape_controls(fmt::format("{}: {}", place, problem.text)));
  }
  return lines;
}

}  // namespace

std::expected<LoadedOptions, std::vector<std::string>> read_options(const std::string& file) {
  ConfigResult options = load_config(file);
  if (!options) return std::unexpected(lines_of(file, options.error()));
  LoadedOptions loaded;
  loaded.plan = plan_groups(*options);
  loaded.options = std::move(*options);
  if (!loaded.plan.problems.empty()) return std::unexpected(lines_of(file, loaded.plan.problems));
  return loaded;
}

std::optional<LoadedOptions> load_options(const std::optional<std::string>& config) {
  const auto file = find_config_file(config);
  if (!file) {
    fmt::print(stderr, "balancefs: {}\n", escape_controls(file.error()));
    return std::nullopt;
  }
  auto loaded = read_options(*file);
  if (loaded) return std::move(*loaded);
  for (const std::string& line : loaded.error()) fmt::print(stderr, "{}\n", line);
  return std::nullopt;
}

}  // namespace balancefs
