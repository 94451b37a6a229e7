#include "daemon/mounted_groups.h"

#include <algorithm>
#include <random>

#include "base/log.h"
#include "names/nfc_storage.h"

namespace balancefs {

MountedGroups::MountedGroups(Surroundings surroundings)
    : surroundings_(std::move(surroundings)), scope_(surroundings_.executor) {}

MountedGroups::~MountedGroups() = default;

Result<GroupPlan> MountedGroups::plan_of(const ReloadPlan::Group& planned, const Options& wanted) {
  const std::string& visible_path = planned.planned.visible_path;
  GroupPlan plan(visible_path, rules_of(wanted, visible_path));
  StorageContext context(surroundings_.executor, surroundings_.clock, surroundings_.transport);
  for (const std::size_t index : planned.planned.members) {
    const StorageOptions& storage = wanted.storages.at(index);
    auto made = make_storage(storage, context);
    if (!made) return std::unexpected<Error>(made.error());
    plan.members.push_back(storage);
    plan.storages.push_back(with_names(std::move(*made), plan.rules.names, surroundings_.clock));
  }
  return plan;
}

MountedGroups::Pointer MountedGroups::make(GroupPlan plan, const Options& wanted) {
  std::vector<std::shared_ptr<Account>> accounts;
  for (const StorageOptions& member : plan.members) accounts.push_back(surroundings_.accounts.of(member));
  GroupContext context(surroundings_.executor, surroundings_.clock);
  context.group = plan.rules;
  context.read = wanted.read;
  context.random_seed = std::random_device()();
  context.journal = &surroundings_.journal;
  auto made = std::make_unique<MountedGroup>(std::move(plan), std::move(accounts), context, wanted.metadata,
                                             surroundings_.changed);
  Pointer group(made.release(), [this](MountedGroup* gone) { leave(gone); });
  made_.push_back(group);
  return group;
}

Result<std::vector<MountedGroups::Pointer>> MountedGroups::build(const ReloadPlan& plan,
                                                                 const Options& wanted) {
  std::erase_if(made_, [](const auto& group) { return group.expired(); });
  std::vector<std::optional<GroupPlan>> plans;
  for (const ReloadPlan::Group& group : plan.groups) {
    if (group.fate == ReloadPlan::Fate::kept) {
      plans.emplace_back();
      continue;
    }
    auto planned = plan_of(group, wanted);
    if (!planned) return std::unexpected<Error>(planned.error());
    plans.emplace_back(std::move(*planned));
  }
  // From here on nothing fails: accounts take their new limits with the groups that have them.
  std::vector<Pointer> groups;
  for (std::size_t i = 0; i < plans.size(); ++i) {
    if (plans[i]) {
      groups.push_back(make(std::move(*plans[i]), wanted));
      continue;
    }
    const auto same = [&](const Pointer& group) {
      return group->name() == plan.groups[i].planned.visible_path;
    };
    const auto kept = std::find_if(groups_.begin(), groups_.end(), same);
    BALANCEFS_CHECK(kept != groups_.end());
    groups.push_back(*kept);
  }
  return groups;
}

void MountedGroups::adopt(std::vector<Pointer> groups, MetadataStore* store) {
  const std::vector<Pointer> before = std::exchange(groups_, std::move(groups));
  const std::vector<MountPointer> mounts_before = std::exchange(mounts_, {});
  for (const Pointer& group : before) {
    if (std::find(groups_.begin(), groups_.end(), group) == groups_.end()) group->listings().stop_keeping();
  }
  for (const Pointer& group : groups_) {
    const auto same = std::find(before.begin(), before.end(), group);
    if (same != before.end()) {
      mounts_.push_back(mounts_before.at(static_cast<std::size_t>(same - before.begin())));
      continue;
    }
    for (const Pointer& earlier : before) {
      if (earlier->name() == group->name()) group->take_over(*earlier);
    }
    if (store != nullptr) group->listings().keep_in(store->group(group->name(), group->member_keys()));
    mounts_.push_back(std::make_shared<MountPoint>(group->path(), group->group(), group->listings(), group));
  }
}

/// Nobody holds it any more.
void MountedGroups::leave(MountedGroup* gone) {
  std::unique_ptr<MountedGroup> group(gone);
  if (group->closing()) return;
  ++leaving_;
  scope_.spawn(close(std::move(group)));
}

Task<void> MountedGroups::close(std::unique_ptr<MountedGroup> group) {
  co_await group->close_listings();
  co_await group->close_members();
  log_debug("{} of an earlier configuration is closed: nobody uses it any more", group->name());
  group.reset();
  --leaving_;
  left_.wake_all();
}

Task<void> MountedGroups::close_listings() {
  for (const auto& made : made_) {
    if (Pointer group = made.lock()) ending_.push_back(std::move(group));
  }
  for (const Pointer& group : ending_) co_await group->close_listings();
}

Task<void> MountedGroups::close_members() {
  for (const Pointer& group : ending_) co_await group->close_members();
  ending_.clear();
  while (leaving_ > 0) co_await left_.wait();
  co_await scope_.close();
}

}  // namespace balancefs
