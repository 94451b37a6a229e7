#include "daemon/reload_plan.h"

#include <algorithm>

namespace balancefs {
namespace {

/// Where a table stands in the file says nothing about it.
template <class Table>
bool equal_but_for_line(Table a, Table b) {
  a.line = 0;
  b.line = 0;
  return a == b;
}

/// `path` is left to tables that are written; an absent one has none.
bool same_rules(const Options& running, const Options& wanted, const std::string& visible_path) {
  GroupOptions a = rules_of(running, visible_path);
  GroupOptions b = rules_of(wanted, visible_path);
  a.path.clear();
  b.path.clear();
  return equal_but_for_line(std::move(a), std::move(b));
}

bool same_members(const Options& running, const std::vector<std::size_t>& before, const Options& wanted,
                  const std::vector<std::size_t>& after) {
  const auto same = [&](std::size_t a, std::size_t b) {
    return equal_but_for_line(running.storages.at(a), wanted.storages.at(b));
  };
  return std::equal(before.begin(), before.end(), after.begin(), after.end(), same);
}

}  // namespace

GroupOptions rules_of(const Options& options, const std::string& visible_path) {
  const auto configured = options.groups.find(visible_path);
  return configured == options.groups.end() ? GroupOptions() : configured->second;
}

bool same_endpoint(const StorageOptions& a, const StorageOptions& b) {
  return a.type == b.type && a.url == b.url && a.root == b.root && a.http == b.http;
}

ReloadPlan plan_reload(const Options& running, const Options& wanted) {
  ReloadPlan plan;
  const NamingPlan before = plan_groups(running);
  const bool all_change = running.metadata != wanted.metadata || running.read != wanted.read;
  const auto named = [](const std::string& path) {
    return [&path](const auto& group) { return group.visible_path == path; };
  };
  const NamingPlan after = plan_groups(wanted);
  for (const auto& planned : after.groups) {
    const auto earlier =
        std::find_if(before.groups.begin(), before.groups.end(), named(planned.visible_path));
    ReloadPlan::Fate fate = ReloadPlan::Fate::changed;
    if (earlier == before.groups.end()) {
      fate = ReloadPlan::Fate::added;
    } else if (!all_change && same_rules(running, wanted, planned.visible_path) &&
               same_members(running, earlier->members, wanted, planned.members)) {
      fate = ReloadPlan::Fate::kept;
    }
    plan.groups.emplace_back(planned, fate);
  }
  for (const auto& group : before.groups) {
    const auto later = std::find_if(after.groups.begin(), after.groups.end(), named(group.visible_path));
    if (later == after.groups.end()) plan.removed.push_back(group.visible_path);
  }
  if (running.mount != wanted.mount) plan.not_applied.emplace_back("[mount]");
  if (running.cache != wanted.cache) plan.not_applied.emplace_back("[cache]");
  if (running.control != wanted.control) plan.not_applied.emplace_back("[control]");
  if (running.log.target != wanted.log.target) plan.not_applied.emplace_back("log.target");
  return plan;
}

}  // namespace balancefs
