// `balancefs check`: the configuration, the tree that it makes, and whether every storage answers.
#include <fmt/format.h>

#include <cstdio>

#include "base/text.h"
#include "daemon/commands.h"
#include "daemon/load_options.h"
#include "daemon/storage_trial.h"
#include "daemon/terminal.h"

namespace balancefs {
namespace {

void print_lines(std::string_view kind, const std::vector<std::string>& lines) {
  for (const std::string& line : lines) fmt::print("{}: {}\n", kind, escape_controls(line));
}

void print_findings(const TrialResults& results) {
  for (const StorageCheck& check : results.storages) print_lines("warning", check.warnings);
  for (const GroupCheck& group : results.groups) print_lines("warning", group.warnings);
  for (const GroupCheck& group : results.groups) print_lines("note", group.notes);
}

/// A drained storage that does not answer is what somebody drained it for.
std::size_t count_failures(const Options& options, const std::vector<MemberReport>& reports) {
  std::size_t failures = 0;
  for (std::size_t i = 0; i < reports.size(); ++i) {
    if (reports[i].state == MemberReport::State::failed && options.storages[i].enabled) ++failures;
  }
  return failures;
}

}  // namespace

int check_command(const CheckArguments& arguments) {
  const auto loaded = load_options(arguments.config);
  if (!loaded) return kExitUsage;
  fmt::print("{}\n\n", escape_controls(loaded->options.file));
  std::fflush(stdout);
  const TrialResults results = try_storages(loaded->options, loaded->plan);
  std::vector<MemberReport> reports;
  for (const StorageCheck& check : results.storages) reports.push_back(check.report);
  fmt::print("{}\n", draw_tree(loaded->options, loaded->plan, reports, wants_colours()));
  print_lines("warning", loaded->options.warnings);
  print_lines("warning", loaded->plan.warnings);
  print_findings(results);
  const std::size_t failures = count_failures(loaded->options, reports);
  if (failures == 0) {
    fmt::print("all storages answer\n");
    return kExitOk;
  }
  fmt::print("{} of {} storages failed\n", failures, reports.size());
  return kExitFailed;
}

}  // namespace balancefs
