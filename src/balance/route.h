// The reader of a group's object: one handle's member, and where it goes when that member fails.
//
// Keeps docs/SEMANTICS.md "Reading": one rotation step per handle, affinity, failover from where the bytes
// stopped, members that prove themselves, and never a byte of another version. Parts of one handle run at
// once and share the member; in a stripe each part is a choice of its own. With stripe or hedging a late part
// is asked of a second member (route_race.cc). Loop thread; ends before its group does.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "balance/attempt_sink.h"
#include "balance/prober.h"
#include "balance/reading.h"
#include "balance/stall_watch.h"

namespace balancefs {

class Route final : public ObjectReader {
 public:
  Route(Members& members, Prober& prober, std::shared_ptr<Version> version);
  ~Route() override;
  Task<Result<void>> read(ByteRange range, ByteSink& sink, RequestContext& why) override;

 private:
  /// Who serves a read next, and at most how much of it; 0: all.
  struct Turn {
    MemberIndex member;
    std::uint64_t limit = 0;
    Turn(MemberIndex index, std::uint64_t most) : member(index), limit(most) {}
  };
  /// A member that failed for a handle gets none of its parts until then; each time for twice as long.
  struct Rest {
    TimePoint until;
    std::uint32_t times = 0;
    Rest() = default;
  };
  struct Lane;
  struct Race;

  // ---- route_choice.cc: which member, plain decisions ----
  std::optional<Turn> next_turn(const Reading& reading);
  std::optional<MemberIndex> choose(const Reading& reading);
  std::optional<MemberIndex> choose_healthy(const Reading& reading);
  std::optional<MemberIndex> choose_open(const Reading& reading) const;
  bool may_stay(MemberIndex member, const Reading& reading) const;
  bool lacks_ranges(MemberIndex member, const Reading& reading) const;
  MemberIndex settle_on(MemberIndex member);
  std::vector<MemberIndex> holders() const;
  std::vector<MemberIndex> healthy(const Reading& reading, std::optional<MemberIndex> but) const;
  bool another_could_serve(MemberIndex member, const Reading& reading) const;
  bool shares_a_stall(const Attempt& attempt, const Reading& reading) const;
  bool every_holder_is_open() const;
  std::optional<MemberIndex> first_to_cool(const Reading& reading) const;
  std::optional<TimePoint> end_of_throttling(const Reading& reading) const;
  std::optional<TimePoint> resume_time(Reading& reading);
  std::optional<TimePoint> wait_until(Reading& reading);
  std::optional<TimePoint> next_round(Reading& reading, TimePoint deadline);

  // ---- route_stripe.cc: which member of a stripe, plain decisions ----
  std::optional<Turn> choose_striped(const Reading& reading, const std::vector<MemberIndex>& but);
  std::vector<MemberIndex> eligible(const Reading& reading, const std::vector<MemberIndex>& but) const;
  StripePlan stripe_plan(const std::vector<MemberIndex>& among) const;
  bool resting(MemberIndex member) const;
  void rest(MemberIndex member);
  bool drags(const Attempt& attempt, const Reading& reading) const;

  // ---- route_race.cc: several members at one part ----
  bool races() const { return members_.size() > 1 && (members_.striped() || members_.hedged()); }
  Task<std::optional<Result<void>>> race(Turn first, Reading& reading);
  Task<void> run_lane(Lane& lane, Race& race);
  void open_lane(Turn turn, Race& race);
  void look_at(Race& race);
  void judge_ended(Race& race);
  void settle_contest(Race& race);
  void ask_elsewhere(Lane& late, Race& race);
  void leave_queue(Lane& queued, Race& race);
  void give_up_lane(Lane& lane, bool was_overtaken);
  std::optional<MemberIndex> stand_in(const Reading& reading, const std::vector<MemberIndex>& but);
  std::optional<Turn> next_besides(const Race& race);
  std::uint32_t requests_of(MemberIndex member, const Reading& reading) const;
  Lateness lateness(MemberIndex member) const;
  TimePoint next_look(const Race& race) const;

  // ---- route_limits.cc: waiting for a member's limits ----
  Task<Result<Account::Permit>> admission(Attempt& attempt, ByteRange range, Reading& reading);
  Result<void> worth_the_wait(Attempt& attempt, const Reading& reading) const;
  Result<void> still_begins_there(Attempt& attempt, const Reading& reading) const;
  std::uint64_t end_of(Turn turn, const Reading& reading) const;

  // ---- route.cc: flows ----
  Task<void> wait_for_members(TimePoint until, Reading& reading);
  Task<std::optional<Result<void>>> take_turn(Turn turn, Reading& reading);
  Task<Result<void>> attempt(Attempt& attempt, Reading& reading);
  Task<Result<void>> prove(Attempt& attempt, const HeldBytes::Sample& sample, Reading& reading);
  Task<Result<void>> transfer(Attempt& attempt, ByteRange range, ByteSink* target,
                              const HeldBytes::Sample* sample, Reading& reading);
  std::optional<Error> verdict_on(const Attempt& attempt, StallWatch& watch, const Reading& reading);
  std::optional<HeldBytes::Sample> proof_for(MemberIndex member, const Reading& reading) const;
  void settle(const Attempt& attempt, const Members::Request& request, const Asked& asked,
              Result<void>& outcome, Reading& reading);
  bool is_final(const Attempt& attempt, const Error& error, Reading& reading);
  void leave(MemberIndex member, const Error& error);
  Result<void> give_up(const Reading& reading);
  ObjectReader& reader(MemberIndex member);

  Members& members_;
  Prober& prober_;
  std::shared_ptr<Version> version_;
  std::vector<std::unique_ptr<ObjectReader>> readers_;  ///< per member, made when first used
  std::optional<MemberIndex> current_;   ///< nothing before the first read and between two members
  bool stepped_ = false;                 ///< the handle took its rotation step
  std::set<MemberIndex> stalled_;        ///< who stalled for this handle
  bool delivered_ = false;               ///< this handle has delivered
  std::map<MemberIndex, Rest> rests_;    ///< stripe: who failed for this handle
  std::set<MemberIndex> used_;           ///< stripe: who was asked for this handle
  std::optional<MemberIndex> stand_in_;  ///< hedging: who answers while the handle's member is silent
  std::size_t running_ = 0;
};

}  // namespace balancefs
