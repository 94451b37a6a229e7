// A Storage made of Storages: the members that hold the same tree, shown as one.
//
// Listings ask all members at once, attributes the members that the caller names, data goes over a Route per
// handle. Nobody to the left of this class learns how many members there are or how they feel. Loop thread;
// the owner calls close() once, after the last reader is gone.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "balance/members.h"
#include "balance/prober.h"

namespace balancefs {

class Group final : public Storage {
 public:
  /// `members` in the group's order (plan_groups). No I/O.
  Group(std::string visible_path, std::vector<GroupMember> members, GroupContext context);

  const StorageTraits& traits() const override { return traits_; }
  /// Succeeds when at least one member did; `entries.member_done` tells of each. Members that are open are
  /// not asked (`unavailable`, not_ours) unless all are; what nobody
  /// waits for yet (Priority::prefetch) is never asked of those that are open or throttled.
  Task<Result<void>> list(Path directory, ListingSink& entries, RequestContext& why) override;
  /// Asks `why.ask` one after the other until one answers; `not_found` only when all that were asked say so.
  Task<Result<ObjectInfo>> stat(Path path, RequestContext& why) override;
  std::unique_ptr<ObjectReader> open(std::shared_ptr<Version> version, MemberIndex self) override;
  /// Succeeds when any member answers.
  Task<Result<void>> probe(RequestContext& why) override;
  Task<void> close() override;

  /// `here` is the same server and user as the member `there` of a group that goes: its health, its figures
  /// and whether it is drained go over. Before the first request.
  void take_over(MemberIndex here, const Group& earlier, MemberIndex there);
  std::vector<MemberStatus> status() const { return members_.status(); }
  /// See Members::set_drained. Absent when no member has that name (its mount path).
  std::optional<bool> set_drained(std::string_view member, bool drained);
  /// One member's storage, for `check`.
  Storage& member(MemberIndex index) { return *members_[index].storage; }

 private:
  class Relabel;
  struct Gathering;
  Task<std::optional<Account::Permit>> admission(MemberIndex member, RequestContext& why, TimePoint until);
  bool calm(MemberIndex member) const;
  Task<void> list_member(MemberIndex member, Path directory, Gathering& gathering);
  std::vector<MemberIndex> worth_asking(const RequestContext& why) const;
  Result<void> judge(MemberIndex member, const Members::Request& request, std::string_view operation,
                     const Path& path, Result<void> outcome);
  std::vector<MemberIndex> stat_order(const RequestContext& why) const;
  Task<Result<void>> probe_member(MemberIndex member, RequestContext& why);
  Task<Result<ObjectInfo>> stat_member(MemberIndex member, Path path, RequestContext& why, bool replaceable);

  Members members_;
  Prober prober_;
  StorageTraits traits_;
};

}  // namespace balancefs
