#include "daemon/load_options.h"

#include <fmt/format.h>

#include <cstdio>

#include "base/text.h"
#include "config/config_file.h"

namespace balancefs {
namespace {

void print_problems(const std::string& file, const std::vector<ConfigProblem>& problems) {
  for (const ConfigProblem& problem : problems) {
    const std::string place = problem.line > 0 ? fmt::format("{}:{}", file, problem.line) : file;
    fmt::print(stderr, "{}\n", escape_controls(fmt::format("{}: {}", place, problem.text)));
  }
}

}  // namespace

std::optional<LoadedOptions> load_options(const std::optional<std::string>& config) {
  const auto file = find_config_file(config);
  if (!file) {
    fmt::print(stderr, "balancefs: {}\n", escape_controls(file.error()));
    return std::nullopt;
  }
  ConfigResult options = load_config(*file);
  if (!options) {
    print_problems(*file, options.error());
    return std::nullopt;
  }
  LoadedOptions loaded;
  loaded.plan = plan_groups(*options);
  loaded.options = std::move(*options);
  if (loaded.plan.problems.empty()) return loaded;
  print_problems(*file, loaded.plan.problems);
  return std::nullopt;
}

}  // namespace balancefs
