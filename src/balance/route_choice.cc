// Route's decisions: who serves next, and how long to wait when nobody can.
#include <algorithm>

#include "balance/route.h"
#include "base/log.h"

namespace balancefs {
namespace {

constexpr Duration kLongestPause = 2s;  ///< between two rounds over members that all fail

}  // namespace

std::vector<MemberIndex> Route::holders() const {
  std::vector<MemberIndex> result;
  result.reserve(version_->copies().size());
  for (const ObjectInfo& copy : version_->copies()) {
    if (version_->standing(copy.member) != Version::Standing::divergent) result.push_back(copy.member);
  }
  return result;
}

/// Those that may take the handle now. Where the read does not begin at offset 0, members that cannot serve
/// ranges are named only when there is no other.
std::vector<MemberIndex> Route::healthy(const Reading& reading, std::optional<MemberIndex> but) const {
  std::vector<MemberIndex> ranged;
  std::vector<MemberIndex> sequential;
  const TimePoint now = members_.now();
  for (const MemberIndex member : holders()) {
    if (member == but || reading.tried(member) || !members_.usable(member, now)) continue;
    const bool direct = reading.sink.position() == 0 || members_.serves_ranges(member);
    (direct ? ranged : sequential).push_back(member);
  }
  return ranged.empty() ? sequential : ranged;
}

bool Route::another_could_serve(MemberIndex member, const Reading& reading) const {
  return !healthy(reading, member).empty();
}

/// Whether a request that nobody waits for yet hangs at a member that stalled for this handle: the reader
/// would find one stall behind the other.
bool Route::shares_a_stall(const Attempt& attempt, const Reading& reading) const {
  if (!stalled_.contains(attempt.member)) return false;
  const Duration quiet = members_.now() - attempt.progress.last_byte;
  return quiet >= members_.read_options().stall_with_alternative &&
         another_could_serve(attempt.member, reading);
}

bool Route::every_holder_is_open() const {
  const auto is_healthy = [&](const ObjectInfo& copy) {
    const Members::Member& holder = members_[copy.member];
    return holder.health.closed() && !holder.drained &&
           version_->standing(copy.member) != Version::Standing::divergent;
  };
  return std::ranges::none_of(version_->copies(), is_healthy);
}

/// A handle leaves its member only when that failed for it (then current_ is empty), is throttled, turned out
/// divergent, or cannot serve ranges; never because of another handle's luck.
bool Route::may_stay(MemberIndex member, const Reading& reading) const {
  if (reading.tried(member) || version_->standing(member) == Version::Standing::divergent) return false;
  if (members_[member].health.throttled(members_.now())) return false;
  return !lacks_ranges(member, reading);
}

/// It would have to send the file from its start, and another could begin where it is wanted.
bool Route::lacks_ranges(MemberIndex member, const Reading& reading) const {
  if (reading.sink.position() == 0 || members_.serves_ranges(member)) return false;
  return std::ranges::any_of(healthy(reading, member),
                             [&](MemberIndex i) { return members_.serves_ranges(i); });
}

std::optional<Route::Turn> Route::next_turn(const Reading& reading) {
  if (members_.striped()) {
    if (const auto turn = choose_striped(reading, {})) return turn;
  } else if (members_.hedged() && current_ && members_[*current_].silence.avoided(members_.now())) {
    // Its member is silent: it stays the handle's, and others answer until it is asked again.
    if (const auto other = stand_in(reading, {*current_})) return Turn(*other, 0);
  }
  const std::optional<MemberIndex> member = choose(reading);
  if (!member) return std::nullopt;
  return Turn(*member, 0);
}

std::optional<MemberIndex> Route::choose(const Reading& reading) {
  if (current_ && may_stay(*current_, reading)) return current_;
  if (const auto member = choose_healthy(reading)) return member;
  const std::optional<TimePoint> cooled = end_of_throttling(reading);
  if (cooled && *cooled < reading.deadline(members_.read_options())) return std::nullopt;
  const auto member = choose_open(reading);
  return member ? std::optional(settle_on(*member)) : std::nullopt;
}

std::optional<MemberIndex> Route::choose_healthy(const Reading& reading) {
  const std::vector<MemberIndex> among = healthy(reading, std::nullopt);
  if (among.empty()) return std::nullopt;
  const auto member = stepped_ ? members_.pick_for_move(among) : members_.pick_for_handle(among);
  return settle_on(*member);
}

/// Nobody is healthy: each open member is tried once, the least recently failed first.
std::optional<MemberIndex> Route::choose_open(const Reading& reading) const {
  std::optional<MemberIndex> best;
  for (const MemberIndex member : holders()) {
    const Members::Member& candidate = members_[member];
    if (candidate.drained || candidate.health.closed() || reading.tried(member)) continue;
    if (candidate.health.throttled(members_.now())) continue;
    if (!best || candidate.health.last_failure() < members_[*best].health.last_failure()) best = member;
  }
  return best;
}

MemberIndex Route::settle_on(MemberIndex member) {
  if (current_ != member) {
    ++members_[member].opens;
    if (stepped_) {
      log_info("{} goes on with {}", members_.shown(version_->path()), members_.name(member));
    }
  }
  stepped_ = true;
  current_ = member;
  return member;
}

/// The throttled member that could serve and may be asked again first.
std::optional<MemberIndex> Route::first_to_cool(const Reading& reading) const {
  std::optional<MemberIndex> first;
  for (const MemberIndex member : holders()) {
    const Members::Member& candidate = members_[member];
    if (!candidate.health.throttled(members_.now())) continue;
    if (candidate.drained && current_ != member) continue;
    if (reading.useless(member)) continue;
    const TimePoint end = candidate.health.throttled_until();
    if (!first || end < members_[*first].health.throttled_until()) first = member;
  }
  return first;
}

std::optional<TimePoint> Route::end_of_throttling(const Reading& reading) const {
  const std::optional<MemberIndex> first = first_to_cool(reading);
  return first ? std::optional(members_[*first].health.throttled_until()) : std::nullopt;
}

/// When this read may ask that member: not all of those that wait at once.
std::optional<TimePoint> Route::resume_time(Reading& reading) {
  const std::optional<MemberIndex> first = first_to_cool(reading);
  if (!first) return std::nullopt;
  const TimePoint end = members_[*first].health.throttled_until();
  if (!reading.resumption || reading.resumption->end != end) {
    const TimePoint latest = reading.deadline(members_.read_options());
    reading.resumption.emplace(end, members_.resume_time(*first, latest));
  }
  return reading.resumption->at;
}

/// Nobody can be asked now: until when to wait for that to change; nothing means to give up.
std::optional<TimePoint> Route::wait_until(Reading& reading) {
  const TimePoint deadline = reading.deadline(members_.read_options());
  if (members_.now() >= deadline || holders().empty()) return std::nullopt;
  const std::optional<TimePoint> cooled = resume_time(reading);
  const std::optional<TimePoint> round = next_round(reading, deadline);
  if (cooled && round) return std::min({*cooled, *round, deadline});
  if (cooled) return std::min(*cooled, deadline);
  return round;
}

std::optional<TimePoint> Route::next_round(Reading& reading, TimePoint deadline) {
  if (!reading.worth_repeating()) return std::nullopt;
  if (!delivered_ && reading.all_open_at_start) return std::nullopt;
  const TimePoint now = members_.now();
  if (!reading.out_of_members) reading.out_of_members = now;
  const TimePoint patience_ends = *reading.out_of_members + members_.read_options().patience;
  const TimePoint limit = delivered_ ? deadline : std::min(deadline, patience_ends);
  if (now >= limit) return std::nullopt;
  const TimePoint next = std::min(limit, now + reading.pause);
  reading.pause = std::min(reading.pause * 2, kLongestPause);
  return next;
}

}  // namespace balancefs
