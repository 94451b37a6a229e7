// Route's races: a part that is late at one member is asked of another, and the first answer wins.
//
// A race begins with one lane, an attempt like any other. When somebody waits and the lane is late, the next
// member gets a lane for the rest of the part; the first that delivers the next byte goes on, the others are
// cancelled. With hedging that costs a token of the group's bucket, in a stripe it does not. A member that
// has fallen silent altogether is not raced but left. Loop thread.
#include <deque>

#include "balance/contest.h"
#include "balance/route.h"
#include "base/log.h"

namespace balancefs {
namespace {

/// How soon a late part that comes to be awaited is noticed, and how often one that flows is looked at.
constexpr Duration kSoon = 25ms;
constexpr Duration kFlowing = 100ms;
/// How often each member may be asked for one part, if there was a byte between.
constexpr std::size_t kMostRounds = 4;

}  // namespace

/// One member's attempt in a race.
struct Route::Lane {
  Contest::Lane sink;
  std::uint64_t from;  ///< the file offset where it began
  Attempt attempt;
  FlowHandle flow;
  std::optional<Result<void>> outcome;
  bool running = true;  ///< has neither ended nor been given up
  Lane(Contest& contest, MemberIndex member, std::uint64_t until)
      : sink(contest), from(sink.position()), attempt(member, sink, until) {}
};

struct Route::Race {
  Reading& reading;
  WaitList changed;
  TaskScope scope;
  Contest contest;
  std::deque<Lane> lanes;
  bool over = false;
  std::optional<Result<void>> final_one;  ///< the read's outcome, when this race ended it

  Race(Reading& of, const Executor& executor)
      : reading(of), scope(executor), contest(of.sink, [this] { moved(); }) {}
  std::size_t running() const {
    return static_cast<std::size_t>(std::ranges::count_if(lanes, &Lane::running));
  }
  /// Whether a member is left that had no chance at the next byte. One that is to show held bytes first has
  /// another; members that bring little each are one slow member, which is for the watch for stalls to find.
  bool may_ask(std::size_t members) const {
    const auto counts = [this](const Lane& lane) {
      return !lane.attempt.must_prove && (lane.running || lane.from == reading.sink.position());
    };
    return lanes.size() < kMostRounds * members &&
           static_cast<std::size_t>(std::ranges::count_if(lanes, counts)) < members;
  }
  void moved() {
    if (running() > 1) changed.wake_all();
  }
};

Task<std::optional<Result<void>>> Route::race(Turn first, Reading& reading) {
  Race race(reading, members_.executor());
  open_lane(first, race);
  co_await asio::this_coro::throw_if_cancelled(false);
  bool cancelled = false;
  while (!cancelled && !race.over) {
    const WaitOutcome woken = co_await race.changed.wait_interruptible(&members_.clock(), next_look(race));
    // A cancellation between a wake-up and this turn is known by the state alone.
    const asio::cancellation_state state = co_await asio::this_coro::cancellation_state;
    cancelled = woken == WaitOutcome::cancelled || state.cancelled() != asio::cancellation_type::none;
    if (!cancelled) look_at(race);
  }
  co_await race.scope.close();
  if (cancelled) throw_cancelled();
  co_return race.final_one;
}

void Route::open_lane(Turn turn, Race& race) {
  Lane& lane = race.lanes.emplace_back(race.contest, turn.member, end_of(turn, race.reading));
  lane.attempt.progress = Progress(members_.now());
  if (race.lanes.size() == 1) members_.hedge_budget().earn();
  lane.flow = race.scope.spawn(run_lane(lane, race));
}

Task<void> Route::run_lane(Lane& lane, Race& race) {
  Result<void> outcome = co_await attempt(lane.attempt, race.reading);
  lane.outcome.emplace(std::move(outcome));
  race.changed.wake_all();
}

// ---- what a race does next ------------------------------------------------------------------------------

void Route::look_at(Race& race) {
  judge_ended(race);
  settle_contest(race);
  if (race.over) return;
  Lane* front = nullptr;
  for (Lane& lane : race.lanes) {
    if (lane.running) front = &lane;
  }
  if (front == nullptr) {
    race.over = true;
    return;
  }
  if (front->attempt.queued) return leave_queue(*front, race);
  // All is there, only the end is not: nothing could be asked of another.
  if (race.reading.sink.position() >= front->attempt.until) return;
  const bool late = members_.now() >= lateness(front->attempt.member).due(front->attempt.progress);
  if (late || (members_.striped() && drags(front->attempt, race.reading))) ask_elsewhere(*front, race);
}

/// A lane that delivered all of its range, or ended the read, ends the race; one that failed leaves it to the
/// others.
void Route::judge_ended(Race& race) {
  for (Lane& lane : race.lanes) {
    if (!lane.running || !lane.outcome) continue;
    lane.running = false;
    if (*lane.outcome) {
      race.over = true;
      race.reading.why.served_by = lane.attempt.member;
      if (!resting(lane.attempt.member)) rests_.erase(lane.attempt.member);
    } else if (!lane.sink.behind() && is_final(lane.attempt, lane.outcome->error(), race.reading)) {
      race.over = true;
      race.final_one = lane.outcome;
    }
  }
  if (race.running() == 0) race.over = true;
}

/// Whoever is behind has lost.
void Route::settle_contest(Race& race) {
  if (race.over) return;
  for (Lane& lane : race.lanes) {
    if (lane.running && lane.sink.behind()) give_up_lane(lane, true);
  }
}

void Route::give_up_lane(Lane& lane, bool was_overtaken) {
  lane.running = false;
  lane.sink.close();
  if (was_overtaken && !lane.outcome && !lane.attempt.queued)
    members_.overtaken(lane.attempt.member, lane.attempt.progress, version_->path());
  lane.flow.cancel();
}

/// Races a late lane where somebody waits for it; leaves one that drags or whose member is silent.
void Route::ask_elsewhere(Lane& late, Race& race) {
  const MemberIndex member = late.attempt.member;
  const bool overdue = members_.now() >= lateness(member).due(late.attempt.progress);
  const bool leave_it = !overdue || members_[member].silence.silent(members_.now());
  if (!leave_it && !race.reading.why.awaited) return;
  if (!race.may_ask(members_.size())) return;
  const std::optional<Turn> next = next_besides(race);
  if (!next) return;
  // Asked in vain while it waits: only for one from which nothing comes any more.
  if (members_.busy(next->member) && !members_[member].silence.silent(members_.now())) return;
  const std::uint32_t requests = requests_of(next->member, race.reading);
  if (!leave_it && !members_.striped() && !members_.hedge_budget().take(requests)) return;
  log_debug("{}: {} is late at byte {}: {} {}", members_.shown(version_->path()), members_.name(member),
            race.reading.sink.position(), members_.name(next->member),
            leave_it ? "goes on instead" : "is asked too");
  if (!leave_it) members_[next->member].extra += requests;
  if (leave_it) {
    race.reading.left.insert(member);
    give_up_lane(late, overdue);
  }
  open_lane(Turn(next->member, 0), race);
}

/// A part of a stripe that waits for one member's limits goes to another that is free. With hedging the
/// handle keeps to its member: to wait for its turn there is not to be late.
void Route::leave_queue(Lane& queued, Race& race) {
  if (!members_.striped() || !race.may_ask(members_.size())) return;
  const std::optional<Turn> next = next_besides(race);
  if (!next || members_.busy(next->member)) return;
  give_up_lane(queued, false);
  open_lane(*next, race);
}

/// The next member for a late part: of the lowest tier, as all choices.
std::optional<Route::Turn> Route::next_besides(const Race& race) {
  std::vector<MemberIndex> asked;
  for (const Lane& lane : race.lanes) {
    if (lane.running) asked.push_back(lane.attempt.member);
  }
  if (members_.striped()) return choose_striped(race.reading, asked);
  const auto member = stand_in(race.reading, asked);
  if (!member) return std::nullopt;
  return Turn(*member, 0);
}

/// How many requests it takes to have the next byte of a member: two where held bytes that do not adjoin are
/// to be shown first.
std::uint32_t Route::requests_of(MemberIndex member, const Reading& reading) const {
  if (version_->held() == nullptr || version_->standing(member) == Version::Standing::proven) return 1;
  const std::uint64_t position = reading.sink.position();
  const auto sample = version_->held()->sample_near(position, 1);
  const bool beside = sample && !sample->bytes.empty() && sample->offset + sample->bytes.size() != position;
  return beside ? 2 : 1;
}

/// Who answers for a handle's member: the same again where it can, so that a second member's bytes are proven
/// once and its connections stay warm.
std::optional<MemberIndex> Route::stand_in(const Reading& reading, const std::vector<MemberIndex>& but) {
  const std::vector<MemberIndex> others = eligible(reading, but);
  if (stand_in_ && std::ranges::find(others, *stand_in_) != others.end()) return stand_in_;
  stand_in_ = members_.pick_for_move(others);
  return stand_in_;
}

Lateness Route::lateness(MemberIndex member) const {
  const std::optional<Duration> p95 = members_[member].health.p95();
  return members_.striped() ? stripe_lateness(p95) : hedge_lateness(p95);
}

TimePoint Route::next_look(const Race& race) const {
  const TimePoint now = members_.now();
  TimePoint due = now + kFlowing;
  for (const Lane& lane : race.lanes) {
    if (lane.running && !lane.attempt.queued)
      due = std::min(due, lateness(lane.attempt.member).due(lane.attempt.progress));
  }
  return std::max(due, now + kSoon);
}

}  // namespace balancefs
