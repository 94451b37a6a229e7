#include "daemon/mounted_group.h"

#include "daemon/reload_plan.h"

namespace balancefs {

MountedGroup::MountedGroup(GroupPlan plan, std::vector<std::shared_ptr<Account>> accounts,
                           const GroupContext& context, const MetadataOptions& metadata, NamesChanged changed)
    : path_(*Path::parse(plan.visible_path)),
      rules_(plan.rules),
      members_(plan.members),
      changed_(std::move(changed)),
      group_(plan.visible_path, make_members(plan, std::move(accounts)), context),
      listings_(group_, members_.size(), rules_, metadata, context.executor, context.clock, this) {}

MountedGroup::~MountedGroup() = default;

std::vector<GroupMember> MountedGroup::make_members(GroupPlan& plan,
                                                    std::vector<std::shared_ptr<Account>> accounts) {
  std::vector<GroupMember> members;
  for (std::size_t i = 0; i < plan.members.size(); ++i) {
    members.emplace_back(std::move(plan.storages.at(i)), plan.members[i], std::move(accounts.at(i)));
  }
  return members;
}

void MountedGroup::entries_changed(const Path& directory, std::vector<std::string_view> names) {
  changed_(path_, directory, std::move(names));
}

std::vector<MemberKey> MountedGroup::member_keys() const {
  std::vector<MemberKey> keys;
  for (const StorageOptions& storage : members_) {
    keys.push_back(member_key(storage.path, storage.type, storage.url + storage.root, storage.http.user));
  }
  return keys;
}

void MountedGroup::take_over(const MountedGroup& earlier) {
  for (MemberIndex here = 0; here < members_.size(); ++here) {
    for (MemberIndex there = 0; there < earlier.members_.size(); ++there) {
      const StorageOptions& before = earlier.members_[there];
      if (before.path != members_[here].path || !same_endpoint(before, members_[here])) continue;
      group_.take_over(here, earlier.group_, there);
    }
  }
}

Task<void> MountedGroup::close_listings() {
  closing_ = true;
  co_await listings_.close();
}

Task<void> MountedGroup::close_members() {
  co_await group_.close();
}

}  // namespace balancefs
