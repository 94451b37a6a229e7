// The groups that are mounted, and those that the configuration no longer has but that programs still read
// from: such a group goes when the last handle or request that holds it has gone. Loop thread.
#pragma once

#include <memory>
#include <vector>

#include "balance/accounts.h"
#include "balance/journal.h"
#include "daemon/mounted_group.h"
#include "daemon/reload_plan.h"
#include "meta/metadata_store.h"
#include "storage/registry.h"

namespace balancefs {

class MountedGroups {
 public:
  using Pointer = std::shared_ptr<MountedGroup>;

  /// What groups are built with. All of it outlives them.
  struct Surroundings {
    Executor executor;
    Clock& clock;
    HttpTransport& transport;
    Accounts& accounts;
    Journal& journal;
    NamesChanged changed;

    Surroundings(Executor loop, Clock& time, HttpTransport& http, Accounts& limits, Journal& transitions,
                 NamesChanged names)
        : executor(std::move(loop)),
          clock(time),
          transport(http),
          accounts(limits),
          journal(transitions),
          changed(std::move(names)) {}
  };

  explicit MountedGroups(Surroundings surroundings);
  MountedGroups(const MountedGroups&) = delete;
  MountedGroups& operator=(const MountedGroups&) = delete;
  /// Nothing was ever built, or close_members() has ended.
  ~MountedGroups();

  /// The groups of a configuration, by `plan`: those that are kept as they are, the others new. Nothing of
  /// what is mounted changes yet.
  Result<std::vector<Pointer>> build(const ReloadPlan& plan, const Options& wanted);
  /// `groups` are what is mounted from now on: the new ones take over what is known of their members, and
  /// what is kept in `store` (null: nothing is).
  void adopt(std::vector<Pointer> groups, MetadataStore* store);
  const std::vector<Pointer>& all() const { return groups_; }
  /// For the file system: of a group that is kept the same as before.
  const std::vector<MountPointer>& mounts() const { return mounts_; }

  /// The end of all, those that are leaving too. In this order, after their readers are gone.
  Task<void> close_listings();
  Task<void> close_members();

 private:
  Result<GroupPlan> plan_of(const ReloadPlan::Group& planned, const Options& wanted);
  Pointer make(GroupPlan plan, const Options& wanted);
  void leave(MountedGroup* group);
  Task<void> close(std::unique_ptr<MountedGroup> group);

  Surroundings surroundings_;
  std::vector<Pointer> groups_;
  std::vector<MountPointer> mounts_;               ///< by group
  std::vector<std::weak_ptr<MountedGroup>> made_;  ///< all that somebody holds
  std::vector<Pointer> ending_;                    ///< held from close_listings() to close_members()
  std::size_t leaving_ = 0;                        ///< that nobody holds, and that are being closed
  WaitList left_;
  TaskScope scope_;
};

}  // namespace balancefs
