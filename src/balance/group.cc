#include "balance/group.h"

#include <algorithm>

#include "balance/route.h"
#include "base/log.h"

namespace balancefs {

Group::Group(std::string visible_path, std::vector<GroupMember> members, GroupContext context)
    : members_(std::move(visible_path), std::move(members), std::move(context)), prober_(members_) {
  traits_.name = members_.visible_path();
  traits_.type = "group";
  traits_.ranges = false;
  for (MemberIndex i = 0; i < members_.size(); ++i) {
    traits_.members.push_back(members_.name(i));
    traits_.ranges = traits_.ranges || members_[i].storage->traits().ranges;
  }
  members_.on_trouble([this](MemberIndex member) { prober_.watch(member); });
}

std::unique_ptr<ObjectReader> Group::open(std::shared_ptr<Version> version, MemberIndex) {
  return std::make_unique<Route>(members_, prober_, std::move(version));
}

Task<void> Group::close() {
  co_await prober_.close();
  for (MemberIndex i = 0; i < members_.size(); ++i) co_await members_[i].storage->close();
}

/// What a member's answer about names means, for its health and for the caller: a root that is not there is
/// the member's failure, anything else that is missing is about the path.
Result<void> Group::judge(MemberIndex member, const Members::Request& request, std::string_view operation,
                          const Path& path, Result<void> outcome) {
  if (!outcome && outcome.error().kind == ErrorKind::not_found && path.is_root()) {
    outcome = fail(ErrorKind::unavailable, "the root is not there: " + outcome.error().text);
  }
  if (outcome) {
    members_.succeeded(member, request, Asked(operation, path));
  } else {
    members_.failed(member, request, outcome.error(), Asked(operation, path));
  }
  return outcome;
}

// ---- limits -----------------------------------------------------------------------------------------------

static Error kept_waiting() {
  return Error(ErrorKind::unavailable, Error::Detail::not_ours, "its limits let nothing begin in time");
}

/// Why a member that was not asked has no answer.
static Error not_asked(const HealthTracker& health) {
  if (health.closed()) return Error(ErrorKind::throttled, "left alone until it may be asked again");
  return Error(ErrorKind::unavailable, Error::Detail::not_ours, "out of rotation: " + health.reason());
}

bool Group::calm(MemberIndex member) const {
  return members_[member].health.closed() && !members_[member].health.throttled(members_.now());
}

/// Waits until the member's limits let a question about names begin. Nothing when its time came first, or
/// when the member is better left alone by now.
Task<std::optional<Account::Permit>> Group::admission(MemberIndex member, RequestContext& why,
                                                      TimePoint until) {
  const bool was_calm = calm(member);
  Account::Waiter waiter(*members_[member].account, this, 0, why);
  while (!waiter.granted()) {
    co_await waiter.wait_until(until);
    if (was_calm && !calm(member)) co_return std::nullopt;
    if (!waiter.granted() && members_.now() >= until) co_return std::nullopt;
  }
  co_return waiter.take();
}

// ---- listing --------------------------------------------------------------------------------------------

/// Says whose an entry is, and remembers when it was the receiver that refused.
class Group::Relabel final : public ListingSink {
 public:
  Relabel(ListingSink& to, MemberIndex member) : to_(to), member_(member) {}
  Result<void> entry(std::string_view name, const ObjectInfo& info) override {
    ObjectInfo labelled = info;
    labelled.member = member_;
    Result<void> taken = to_.entry(name, labelled);
    refused_ = refused_ || !taken;
    return taken;
  }
  void member_done(MemberIndex, const Result<void>&) override {}
  bool refused() const { return refused_; }

 private:
  ListingSink& to_;
  MemberIndex member_;
  bool refused_ = false;
};

struct Group::Gathering {
  ListingSink& entries;
  RequestContext& why;
  WaitList ended;
  std::map<MemberIndex, std::optional<Members::Request>> pending;  ///< none: not asked yet
  std::vector<Error> errors;
  bool succeeded = false;

  Gathering(ListingSink& to, RequestContext& context) : entries(to), why(context) {}
  void finish(MemberIndex member, const Result<void>& outcome) {
    pending.erase(member);
    if (outcome) {
      succeeded = true;
    } else {
      errors.push_back(outcome.error());
    }
    entries.member_done(member, outcome);
    ended.wake_all();
  }
};

std::vector<MemberIndex> Group::worth_asking(const RequestContext& why) const {
  std::vector<MemberIndex> all;
  std::vector<MemberIndex> closed;
  std::vector<MemberIndex> calm;
  for (MemberIndex i = 0; i < members_.size(); ++i) {
    if (!why.ask.empty() && std::find(why.ask.begin(), why.ask.end(), i) == why.ask.end()) continue;
    all.push_back(i);
    if (!members_[i].health.closed()) continue;
    closed.push_back(i);
    if (this->calm(i)) calm.push_back(i);
  }
  if (!calm.empty() || why.priority == Priority::prefetch) return calm;
  return closed.empty() ? all : closed;
}

Task<void> Group::list_member(MemberIndex member, Path directory, Gathering& gathering) {
  std::optional<Account::Permit> permit;
  if (members_[member].account != nullptr) {
    permit = co_await admission(member, gathering.why, TimePoint::max());
    if (!permit) {
      const Result<void> none = std::unexpected<Error>(not_asked(members_[member].health));
      gathering.finish(member, none);
      co_return;
    }
  }
  Relabel relabel(gathering.entries, member);
  const Members::Request request = members_.begin(member);
  gathering.pending.at(member) = request;
  // Its own, for its id: what is live in the caller's matters only where requests queue.
  RequestContext why = gathering.why;
  why.id = request.id;
  Result<void> outcome = co_await members_[member].storage->list(directory, relabel, why);
  if (!relabel.refused()) outcome = judge(member, request, "list", directory, std::move(outcome));
  gathering.finish(member, outcome);
}

/// The answer of members that all failed: what is not known outweighs what is known to be missing.
static Error least_certain(const std::vector<Error>& errors) {
  for (const Error& error : errors) {
    if (error.kind != ErrorKind::not_found && error.detail != Error::Detail::not_ours) return error;
  }
  for (const Error& error : errors) {
    if (error.kind != ErrorKind::not_found) return error;
  }
  return errors.front();
}

Task<Result<void>> Group::list(Path directory, ListingSink& entries, RequestContext& why) {
  Gathering gathering(entries, why);
  TaskScope scope(members_.executor());
  const std::vector<MemberIndex> asked = worth_asking(why);
  for (const MemberIndex member : asked) gathering.pending.emplace(member, std::nullopt);
  for (MemberIndex i = 0; i < members_.size(); ++i) {
    const Result<void> none = std::unexpected<Error>(not_asked(members_[i].health));
    if (!gathering.pending.contains(i)) gathering.finish(i, none);
  }
  for (const MemberIndex member : asked) scope.spawn(list_member(member, directory, gathering));
  co_await asio::this_coro::throw_if_cancelled(false);
  WaitOutcome outcome = WaitOutcome::woken;
  Clock* const clock = why.deadline ? &members_.clock() : nullptr;
  const TimePoint deadline = why.deadline.value_or(TimePoint());
  while (!gathering.pending.empty() && outcome == WaitOutcome::woken) {
    outcome = co_await gathering.ended.wait_interruptible(clock, deadline);
    // A cancellation between a member's wake-up and this turn is known by the state alone.
    const asio::cancellation_state state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none) outcome = WaitOutcome::cancelled;
  }
  co_await scope.close();
  if (outcome == WaitOutcome::cancelled) throw_cancelled();
  const Result<void> late = fail(ErrorKind::timed_out, "no listing in time");
  const Result<void> unasked = std::unexpected<Error>(kept_waiting());
  while (!gathering.pending.empty()) {
    const auto [member, request] = *gathering.pending.begin();
    gathering.finish(member, request ? judge(member, *request, "list", directory, late) : unasked);
  }
  if (gathering.succeeded) co_return Result<void>();
  co_return std::unexpected<Error>(least_certain(gathering.errors));
}

// ---- attributes -----------------------------------------------------------------------------------------

/// As the caller wants them, but those that are open last: an answer is worth more than a time-out.
std::vector<MemberIndex> Group::stat_order(const RequestContext& why) const {
  std::vector<MemberIndex> order = why.ask;
  if (order.empty()) {
    for (MemberIndex i = 0; i < members_.size(); ++i) order.push_back(i);
  }
  std::erase_if(order, [&](MemberIndex i) { return i >= members_.size(); });
  std::stable_partition(order.begin(), order.end(), [&](MemberIndex i) { return calm(i); });
  return order;
}

Task<Result<ObjectInfo>> Group::stat_member(MemberIndex member, Path path, RequestContext& why,
                                            bool replaceable) {
  const Duration patience = members_.read_options().stall_with_alternative;
  std::optional<Account::Permit> permit;
  if (members_[member].account != nullptr) {
    TimePoint turn = why.deadline.value_or(TimePoint::max());
    if (replaceable) turn = std::min(turn, members_.now() + patience);
    permit = co_await admission(member, why, turn);
    if (!permit) co_return std::unexpected<Error>(kept_waiting());
  }
  const Members::Request request = members_.begin(member);
  why.id = request.id;
  TimePoint until = why.deadline.value_or(TimePoint::max());
  if (replaceable) until = std::min(until, members_.now() + patience);
  const TimePoint begun = members_.now();
  Flow<Result<ObjectInfo>> child(members_.executor(), members_[member].storage->stat(path, why));
  bool in_time = true;
  if (until != TimePoint::max()) in_time = co_await child.join_until(members_.clock(), until);
  if (!in_time) child.cancel();
  Result<ObjectInfo> info = co_await child.join();
  if (!info && !in_time) {
    info = fail(ErrorKind::timed_out, "no attributes in time");
    // Others may have used up the caller's time: who had too little of it is not to blame.
    if (members_.now() - begun < patience) {
      members_.report(member, request, info.error(), Asked("stat", path));
      co_return info;
    }
  }
  const Result<void> outcome =
      judge(member, request, "stat", path, info ? Result<void>() : std::unexpected<Error>(info.error()));
  if (!outcome) co_return std::unexpected<Error>(outcome.error());
  info->member = member;
  why.served_by = member;
  co_return info;
}

Task<Result<ObjectInfo>> Group::stat(Path path, RequestContext& why) {
  const std::vector<MemberIndex> order = stat_order(why);
  std::vector<Error> errors;
  for (std::size_t i = 0; i < order.size(); ++i) {
    Result<ObjectInfo> info = co_await stat_member(order[i], path, why, i + 1 < order.size());
    if (info) co_return info;
    if (info.error().kind == ErrorKind::cancelled) co_return info;
    errors.push_back(info.error());
    if (why.deadline && members_.now() >= *why.deadline) break;
  }
  if (errors.empty()) co_return fail(ErrorKind::unavailable, "no member to ask");
  co_return std::unexpected<Error>(least_certain(errors));
}

Task<Result<void>> Group::probe_member(MemberIndex member, RequestContext& why) {
  const Account::Permit permit = members_.enter_at_once(member);
  Flow<Result<void>> child(members_.executor(), members_[member].storage->probe(why));
  bool in_time = true;
  if (why.deadline) in_time = co_await child.join_until(members_.clock(), *why.deadline);
  if (!in_time) child.cancel();
  const Result<void> outcome = co_await child.join();
  if (!outcome && !in_time) co_return fail(ErrorKind::timed_out, "no answer in time");
  co_return outcome;
}

Task<Result<void>> Group::probe(RequestContext& why) {
  std::vector<Error> errors;
  for (MemberIndex i = 0; i < members_.size(); ++i) {
    const Result<void> outcome = co_await probe_member(i, why);
    if (outcome) co_return outcome;
    errors.push_back(outcome.error());
    if (why.deadline && members_.now() >= *why.deadline) break;
  }
  co_return std::unexpected<Error>(least_certain(errors));
}

std::optional<bool> Group::set_drained(std::string_view member, bool drained) {
  for (MemberIndex i = 0; i < members_.size(); ++i) {
    if (members_.name(i) == member) return members_.set_drained(i, drained);
  }
  return std::nullopt;
}

void Group::take_over(MemberIndex here, const Group& earlier, MemberIndex there) {
  members_.take_over(here, earlier.members_[there]);
  if (!members_[here].health.closed()) prober_.watch(here);
}

}  // namespace balancefs
