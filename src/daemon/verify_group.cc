#include "daemon/verify_group.h"

#include <fmt/format.h>

#include <algorithm>

#include "balancefs/object.h"

namespace balancefs {
namespace {

/// "/pt" for "pt" and "/pt/".
std::string as_visible_path(std::string_view wanted) {
  const auto path = Path::parse(wanted);
  return path ? "/" + path->str() : std::string(wanted);
}

std::string groups_of(const NamingPlan& plan) {
  std::string names;
  for (const NamingPlan::PlannedGroup& group : plan.groups) {
    if (group.members.size() < 2) continue;
    names += (names.empty() ? "" : ", ") + group.visible_path;
  }
  return names.empty() ? "no group of this configuration has two members" : "groups to compare: " + names;
}

}  // namespace

Result<const NamingPlan::PlannedGroup*> group_to_verify(const NamingPlan& plan, std::string_view wanted) {
  const std::string path = as_visible_path(wanted);
  const auto found = std::ranges::find(plan.groups, path, &NamingPlan::PlannedGroup::visible_path);
  if (found == plan.groups.end())
    return fail(ErrorKind::not_found, fmt::format("'{}': no such group; {}", wanted, groups_of(plan)));
  if (found->members.size() < 2) {
    return fail(ErrorKind::unsupported, fmt::format("{} has one member only, there is nothing to compare; {}",
                                                    path, groups_of(plan)));
  }
  return &*found;
}

}  // namespace balancefs
