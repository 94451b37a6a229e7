#include "balance/naming.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

namespace balancefs {
namespace {

constexpr std::string_view kSuffix = ".balance";

bool all_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::string_view without_leading_zeros(std::string_view digits) {
  const std::size_t first = digits.find_first_not_of('0');
  return first == std::string_view::npos ? digits.substr(digits.size() - 1) : digits.substr(first);
}

std::string_view last_component(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

std::string_view parent_of(std::string_view path) {
  return path.substr(0, path.rfind('/'));
}

/// "/a/b" of parent "/a" and name "b"; the parent of a top-level path is "".
std::string join(std::string_view parent, std::string_view name) {
  return name.empty() && parent.empty() ? "/" : fmt::format("{}/{}", parent, name);
}

std::string quoted(const StorageOptions& storage) {
  return fmt::format("storage '{}'", storage.path);
}

/// The path with the suffix of an inner component moved to its end, where it belongs.
std::string with_suffix_at_end(std::string_view path) {
  std::string plain;
  std::string suffix;
  while (!path.empty()) {
    path.remove_prefix(1);
    const std::string_view component = path.substr(0, path.find('/'));
    path.remove_prefix(component.size());
    const std::size_t length = balance_suffix(component).length;
    if (length > 0 && suffix.empty()) suffix = component.substr(component.size() - length);
    const std::string_view name = component.substr(0, component.size() - length);
    if (!name.empty()) plain += fmt::format("/{}", name);
  }
  return plain + suffix;
}

bool has_inner_suffix(std::string_view parent) {
  while (!parent.empty()) {
    if (balance_suffix(last_component(parent)).length > 0) return true;
    parent = parent_of(parent);
  }
  return false;
}

/// The visible path of a storage; nothing, and a problem, when its mount path is wrong.
std::optional<std::string> visible_path(const StorageOptions& storage, std::vector<ConfigProblem>& problems) {
  const std::string_view parent = parent_of(storage.path);
  const std::string_view component = last_component(storage.path);
  const std::size_t length = balance_suffix(component).length;
  const std::string_view name = component.substr(0, component.size() - length);
  if (has_inner_suffix(parent) || balance_suffix(name).length > 0) {
    problems.emplace_back(
        storage.line, fmt::format("{}: a balance suffix may only stand once and at the end of a mount path; "
                                  "write '{}'",
                                  quoted(storage), with_suffix_at_end(storage.path)));
    return std::nullopt;
  }
  if (length > 0 && name.empty() && !parent.empty()) {
    problems.emplace_back(storage.line, fmt::format("{}: no name before the balance suffix; write '{}{}'",
                                                    quoted(storage), parent, component));
    return std::nullopt;
  }
  return join(parent, name);
}

void check_group_tables(const Options& options, const std::map<std::string, std::vector<std::size_t>>& groups,
                        std::vector<ConfigProblem>& problems) {
  for (const auto& [path, group] : options.groups) {
    if (groups.contains(path)) continue;
    const std::string_view component = last_component(path);
    const std::size_t length = balance_suffix(component).length;
    const std::string visible = join(parent_of(path), component.substr(0, component.size() - length));
    std::string remedy = "remove the table, or give a storage this path";
    if (length > 0 && groups.contains(visible)) remedy = fmt::format("write [group.\"{}\"]", visible);
    problems.emplace_back(group.line,
                          fmt::format("group '{}': no storage has this visible path; {}", path, remedy));
  }
}

std::map<std::string, std::vector<std::size_t>> collect(const Options& options,
                                                        std::vector<ConfigProblem>& problems) {
  std::map<std::string, std::vector<std::size_t>> groups;
  std::map<std::string, std::size_t> seen;
  for (std::size_t i = 0; i < options.storages.size(); ++i) {
    const StorageOptions& storage = options.storages[i];
    const auto [first, is_new] = seen.try_emplace(storage.path, i);
    if (!is_new) {
      problems.emplace_back(
          storage.line,
          fmt::format(
              "{}: another storage (line {}) has this path already; to balance the two, write '{}.balance1'",
              quoted(storage), options.storages[first->second].line,
              storage.path == "/" ? "/" : storage.path));
      continue;
    }
    const std::optional<std::string> visible = visible_path(storage, problems);
    if (visible) groups[*visible].push_back(i);
  }
  return groups;
}

}  // namespace

bool BalanceSuffix::before(const BalanceSuffix& other) const {
  return std::tuple(kind, kind == Kind::number ? text.size() : 0, std::string_view(text)) <
         std::tuple(other.kind, other.kind == Kind::number ? other.text.size() : 0,
                    std::string_view(other.text));
}

BalanceSuffix balance_suffix(std::string_view component) {
  BalanceSuffix suffix;
  const std::size_t at = component.rfind(kSuffix);
  if (at == std::string_view::npos) return suffix;
  const std::string_view rest = component.substr(at + kSuffix.size());
  if (rest.empty()) {
    suffix.kind = BalanceSuffix::Kind::bare;
  } else if (all_digits(rest)) {
    suffix.kind = BalanceSuffix::Kind::number;
    suffix.text = without_leading_zeros(rest);
  } else if (rest.size() > 1 && rest.front() == '_') {
    suffix.kind = BalanceSuffix::Kind::named;
    suffix.text = rest.substr(1);
  } else {
    return suffix;
  }
  suffix.length = component.size() - at;
  return suffix;
}

NamingPlan plan_groups(const Options& options) {
  NamingPlan plan;
  auto groups = collect(options, plan.problems);
  check_group_tables(options, groups, plan.problems);
  for (auto& [path, members] : groups) {
    std::stable_sort(members.begin(), members.end(), [&](std::size_t a, std::size_t b) {
      const std::string& left = options.storages[a].path;
      const std::string& right = options.storages[b].path;
      const BalanceSuffix first = balance_suffix(last_component(left));
      const BalanceSuffix second = balance_suffix(last_component(right));
      if (first.before(second)) return true;
      return !second.before(first) && left < right;  // .balance1 and .balance01
    });
    NamingPlan::PlannedGroup group;
    group.visible_path = path;
    group.members = std::move(members);
    plan.groups.push_back(std::move(group));
  }
  plan.warnings = naming_warnings(options, plan);
  return plan;
}

}  // namespace balancefs
