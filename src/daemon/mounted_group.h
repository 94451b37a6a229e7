// One group as it is mounted: its members, its listings, and the word to the file system when names change.
// Loop thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "balance/group.h"
#include "fs/tree.h"
#include "meta/listing_cache.h"

namespace balancefs {

/// A group's listing of `directory` (a path inside the group) has changed entries. See ListingListener.
using NamesChanged =
    std::function<void(const Path& mount, const Path& directory, std::vector<std::string_view> names)>;

/// What a group is built of.
struct GroupPlan {
  std::string visible_path;
  GroupOptions rules;
  std::vector<StorageOptions> members;  ///< in the group's order
  std::vector<std::unique_ptr<Storage>> storages;

  GroupPlan(std::string path, GroupOptions group) : visible_path(std::move(path)), rules(std::move(group)) {}
};

class MountedGroup final : private ListingListener {
 public:
  /// `accounts`: by member; null where it has no limits.
  MountedGroup(GroupPlan plan, std::vector<std::shared_ptr<Account>> accounts, const GroupContext& context,
               const MetadataOptions& metadata, NamesChanged changed);
  MountedGroup(const MountedGroup&) = delete;
  MountedGroup& operator=(const MountedGroup&) = delete;
  /// Never used, or closed.
  ~MountedGroup() override;

  const Path& path() const { return path_; }
  const std::string& name() const { return group_.traits().name; }
  const GroupOptions& rules() const { return rules_; }
  const std::vector<StorageOptions>& members() const { return members_; }
  Group& group() { return group_; }
  const Group& group() const { return group_; }
  ListingCache& listings() { return listings_; }
  const ListingCache& listings() const { return listings_; }

  /// Who the members are, for what is kept of them.
  std::vector<MemberKey> member_keys() const;
  /// See Group::take_over, for every member that stays: the same mount path, server and user.
  void take_over(const MountedGroup& earlier);

  /// Its end, once, in two steps: first the listings, which may be kept on disk, then the members.
  bool closing() const { return closing_; }
  Task<void> close_listings();
  Task<void> close_members();

 private:
  static std::vector<GroupMember> make_members(GroupPlan& plan,
                                               std::vector<std::shared_ptr<Account>> accounts);
  void entries_changed(const Path& directory, std::vector<std::string_view> names) override;

  Path path_;
  GroupOptions rules_;
  std::vector<StorageOptions> members_;
  NamesChanged changed_;
  Group group_;
  ListingCache listings_;
  bool closing_ = false;
};

}  // namespace balancefs
