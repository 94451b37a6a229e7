// The members of one group and what is known about each: shared by its listings, its routes and its prober.
//
// Every outcome of a request passes through here into the member's health; nothing outside src/balance knows
// about health. Loop thread. Does no I/O itself.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "balance/account.h"
#include "balance/delivery.h"
#include "balance/health.h"
#include "balance/hedge_budget.h"
#include "balance/journal.h"
#include "balance/lateness.h"
#include "balance/policy.h"
#include "balance/policy_round_robin.h"
#include "balance/rate.h"
#include "balance/resume.h"
#include "balance/silence.h"
#include "balance/stripe_plan.h"
#include "balancefs/storage.h"

namespace balancefs {

struct GroupMember {
  std::unique_ptr<Storage> storage;
  StorageOptions options;
  std::shared_ptr<Account> account;  ///< null: without limits
  GroupMember(std::unique_ptr<Storage> driver, StorageOptions configured,
              std::shared_ptr<Account> limited_by = nullptr)
      : storage(std::move(driver)), options(std::move(configured)), account(std::move(limited_by)) {}
};

/// What a group is built with. The clock outlives the group.
struct GroupContext {
  GroupOptions group;
  HealthOptions health;
  ReadOptions read;
  Executor executor;
  Clock& clock;
  std::uint64_t random_seed = 0;  ///< for jitter
  Journal* journal = nullptr;     ///< of changes of state; outlives the group
  GroupContext(Executor loop, Clock& time) : executor(std::move(loop)), clock(time) {}
};

/// What a member was asked: "read /pt/film at byte 5".
struct Asked {
  std::string_view operation;  ///< "list", "stat", "read", "probe"; lives for ever
  const Path& path;            ///< in the group; outlives the call
  std::optional<std::uint64_t> byte;
  Asked(std::string_view what, const Path& of, std::optional<std::uint64_t> at = std::nullopt)
      : operation(what), path(of), byte(at) {}
};

/// A request that failed.
struct FailedRequest {
  std::uint64_t id;  ///< "[#1a2b]" in the log
  ErrorKind kind;
  std::string cause;
  std::string_view operation;  ///< as Asked has it
  std::string path;            ///< as users see it
  TimePoint at;
  FailedRequest(std::uint64_t number, ErrorKind of, std::string why, std::string_view what, std::string where,
                TimePoint when)
      : id(number), kind(of), cause(std::move(why)), operation(what), path(std::move(where)), at(when) {}
};

/// One member as status, check and attributes show it.
struct MemberStatus {
  std::string name;
  HealthState state = HealthState::closed;
  std::string reason;  ///< why it is not closed; empty otherwise
  TimePoint since;     ///< of that state
  std::optional<TimePoint> next_probe;
  std::optional<TimePoint> throttled_until;
  bool drained = false;
  bool no_range = false;
  std::uint64_t opens = 0;      ///< handles that chose it
  std::uint64_t bytes = 0;      ///< of data
  std::uint64_t extra = 0;      ///< requests sent to it because another member was late
  std::uint64_t ejections = 0;  ///< times that it went out of rotation by its failures
  std::uint32_t running = 0;    ///< data requests under way
  std::uint32_t waiting = 0;    ///< requests that wait for the member's limits
  std::uint32_t weight = 0;     ///< effective, in thousandths of a weight of 1
  std::uint32_t tier = 0;
  double rate = 0;              ///< bytes per second lately
  std::optional<Duration> p50;  ///< of recent first bytes
  std::optional<Duration> p95;
  std::array<std::uint64_t, kErrorKinds> errors{};  ///< failed requests by ErrorKind
  std::optional<FailedRequest> last_failure;        ///< answers about a path alone left out
  MemberStatus() = default;
};

class Members {
 public:
  /// What became of requests that failed.
  struct Failures {
    std::array<std::uint64_t, kErrorKinds> by_kind{};
    std::optional<FailedRequest> last;
    Failures() = default;
  };
  /// A request under way.
  struct Request {
    HealthTracker::Token token;
    std::uint64_t id;
    TimePoint begun;
    Request(HealthTracker::Token state, std::uint64_t number, TimePoint now)
        : token(state), id(number), begun(now) {}
  };
  struct Member {
    std::unique_ptr<Storage> storage;
    StorageOptions options;
    std::shared_ptr<Account> account;  ///< null: without limits
    HealthTracker health;
    Resume resume;
    Silence silence;
    Delivery delivery;
    RecentRate rate;
    bool drained;
    std::uint64_t opens = 0;
    std::uint64_t bytes = 0;
    std::uint64_t extra = 0;
    std::uint64_t ejections = 0;
    std::uint32_t running = 0;
    std::uint32_t waiting = 0;
    Failures errors;
    Member(GroupMember&& from, HealthTracker tracker);
  };

  Members(std::string visible_path, std::vector<GroupMember> members, GroupContext context);
  Members(const Members&) = delete;

  std::size_t size() const { return members_.size(); }
  Member& operator[](MemberIndex index) { return *members_[index]; }
  const Member& operator[](MemberIndex index) const { return *members_[index]; }
  const std::string& name(MemberIndex index) const { return members_[index]->storage->traits().name; }
  const std::string& visible_path() const { return visible_path_; }
  /// The path as users see it, for logs.
  std::string shown(const Path& path) const;
  TimePoint now() const { return context_.clock.now(); }
  Clock& clock() const { return context_.clock; }
  const Executor& executor() const { return context_.executor; }
  const ReadOptions& read_options() const { return context_.read; }
  bool striped() const { return context_.group.stripe; }
  bool hedged() const { return context_.group.hedge; }

  /// See Group::take_over.
  void take_over(MemberIndex index, const Member& earlier);

  // ---- outcomes ----
  Request begin(MemberIndex index);
  void succeeded(MemberIndex index, const Request& request, const Asked& asked);
  /// Logs it, once, and marks the error's text with the request's id: whatever tells of the error later, to a
  /// program or in status, names the same.
  void failed(MemberIndex index, const Request& request, Error& error, const Asked& asked);
  /// The same for a request that failed without any fault of the member.
  void report(MemberIndex index, const Request& request, Error& error, const Asked& asked);
  /// Whether a data request was given as long as the member usually takes for its first byte.
  bool had_its_time(MemberIndex index, const Progress& progress) const;
  /// A data request of it, still under way, was overtaken by another member's. That is no failure, but so
  /// are added up to one whose sum is a stall.
  void overtaken(MemberIndex index, const Progress& progress, const Path& path);
  void probe_succeeded(MemberIndex index, const Request& request);
  void probe_failed(MemberIndex index, const Request& request, Error& error);
  /// Out of rotation because the user said so, or in again: it gets no new handles, and keeps those it has.
  /// Whether that changed anything.
  bool set_drained(MemberIndex index, bool drained);

  // ---- choices ----
  /// Healthy, not drained, not throttled: may get new handles.
  bool usable(MemberIndex index) const { return usable(index, now()); }
  /// The same for who asks of many members: the time is looked at once.
  bool usable(MemberIndex index, TimePoint at) const;
  /// Whom the group's policy chooses for a new handle: one step of it.
  std::optional<MemberIndex> pick_for_handle(std::span<const MemberIndex> among);
  /// Where a handle goes whose member failed: by the policy too, but with turns of its own, so that the
  /// handles of a failed member spread over the others and new handles keep their turn.
  std::optional<MemberIndex> pick_for_move(std::span<const MemberIndex> among);
  /// When one that waits for a throttled member may ask it; `latest` is its deadline.
  TimePoint resume_time(MemberIndex index, TimePoint latest);
  bool serves_ranges(MemberIndex index) const;
  /// For a probe: begins whatever the limits say, and counts.
  Account::Permit enter_at_once(MemberIndex index);
  /// Whether any member has limits.
  bool limited() const { return limited_; }
  /// At its limits: a data request would wait.
  bool busy(MemberIndex index) const;
  /// Those that are not busy, unless all are.
  std::vector<MemberIndex> not_busy(std::vector<MemberIndex> among) const;
  /// How a stripe would see a member.
  StripePlan::Candidate stripe_candidate(MemberIndex index) const;
  /// Turns of stripes among members that are equally good: no step of the handles' rotation.
  RoundRobin& stripe_turns() { return turns_; }
  HedgeBudget& hedge_budget() { return hedges_; }

  /// Woken when a member's state changed or a throttled one may be asked again sooner.
  WaitList& changes() { return changes_; }
  /// Called when a member opened, or when a probe should find out whether it refuses everything.
  void on_trouble(std::function<void(MemberIndex)> observer) { trouble_ = std::move(observer); }
  std::vector<MemberStatus> status() const;

 private:
  std::string sentence(MemberIndex index, const Asked& asked) const;
  void tell_success(MemberIndex index, const Request& request, const Asked& asked) const;
  void note(MemberIndex index, HealthTracker::Change change, std::uint64_t id);
  void stir(MemberIndex index);
  void note_opened(MemberIndex index, HealthTracker::Change change, std::uint64_t id);
  void journal(MemberIndex index, std::string from, std::string to, std::string reason, std::uint64_t id = 0);
  std::vector<Policy::Candidate> candidates(std::span<const MemberIndex> among) const;
  std::uint32_t weight(const Member& member, TimePoint at) const;

  std::string visible_path_;
  GroupContext context_;
  Random random_;
  std::vector<std::unique_ptr<Member>> members_;
  std::unique_ptr<Policy> handles_;
  std::unique_ptr<Policy> moves_;
  RoundRobin turns_;
  bool limited_ = false;
  HedgeBudget hedges_;
  WaitList changes_;
  std::function<void(MemberIndex)> trouble_;
};

}  // namespace balancefs
