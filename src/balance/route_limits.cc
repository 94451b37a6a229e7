// Route's requests to members with limits: how much one asks for, and the wait before it begins.
//
// That time is the user's own choice and says nothing about the member: no stall watch runs, nothing is
// counted as late or silent, and whoever leaves the queue has not been asked. The read's own deadline holds.
#include "balance/route.h"

namespace balancefs {
namespace {

/// How exactly it is known since when a part in the queue is awaited.
constexpr Duration kLook = 1s;

/// Counted where those look who choose members, and out again whatever way the wait ends.
class Queued {
 public:
  Queued(Members::Member& server, Attempt& attempt, std::uint64_t bytes, std::size_t& reads,
         const Clock& clock)
      : server_(server), attempt_(attempt), bytes_(bytes), reads_(reads), clock_(clock) {
    ++server_.waiting;
    ++reads_;
    attempt_.queued = true;
    server_.delivery.asked(bytes_);
  }
  ~Queued() {
    --server_.waiting;
    --reads_;
    attempt_.queued = false;
    server_.delivery.ended(bytes_, false, clock_.now());
  }
  Queued(const Queued&) = delete;
  Queued& operator=(const Queued&) = delete;

 private:
  Members::Member& server_;
  Attempt& attempt_;
  std::uint64_t bytes_;
  std::size_t& reads_;
  const Clock& clock_;
};

Result<void> leave_unasked(Attempt& attempt, const char* reason) {
  attempt.unasked = true;
  return std::unexpected<Error>(Error(ErrorKind::unavailable, Error::Detail::not_ours, reason));
}

}  // namespace

/// Where a turn's request ends: at most what the member's bandwidth lets one ask for, so that handles take
/// turns. One that reads from the start to get anywhere asks once for all.
std::uint64_t Route::end_of(Turn turn, const Reading& reading) const {
  const std::uint64_t end = reading.range.end();
  const auto& account = members_[turn.member].account;
  std::uint64_t limit = turn.limit;
  if (account && account->piece() > 0 && members_.serves_ranges(turn.member)) {
    limit = limit == 0 ? account->piece() : std::min(limit, account->piece());
  }
  if (limit == 0 || end - reading.sink.position() <= limit) return end;
  return reading.sink.position() + limit;
}

/// Whether to go on waiting, and to begin when it is over. Sets `unasked` where not.
Result<void> Route::worth_the_wait(Attempt& attempt, const Reading& reading) const {
  const MemberIndex member = attempt.member;
  const char* reason = nullptr;
  if (version_->ended() || version_->epoch() != reading.epoch) {
    reason = "the version has moved on";
  } else if (members_.now() >= reading.deadline(members_.read_options())) {
    reason = "the read's time was over before its turn came";
  } else if (version_->standing(member) == Version::Standing::divergent) {
    reason = "it holds something else by now";
  } else if (members_[member].health.throttled(members_.now())) {
    reason = "it asks to slow down by now";
  } else if (!members_[member].health.closed() && another_could_serve(member, reading)) {
    reason = "it is out of rotation by now";
  }
  if (reason == nullptr) return still_begins_there(attempt, reading);
  return leave_unasked(attempt, reason);
}

/// Whether the member still serves what lies behind the file's start, or nobody does: another read may have
/// found out since it was chosen.
Result<void> Route::still_begins_there(Attempt& attempt, const Reading& reading) const {
  if (!lacks_ranges(attempt.member, reading)) return {};
  return leave_unasked(attempt, "it serves no ranges, as is known by now");
}

Task<Result<Account::Permit>> Route::admission(Attempt& attempt, ByteRange range, Reading& reading) {
  Members::Member& server = members_[attempt.member];
  Account::Waiter waiter(*server.account, this, range.length, reading.why);
  if (waiter.granted()) co_return waiter.take();
  Queued queued(server, attempt, range.length, running_, members_.clock());
  reading.kept_waiting = true;
  while (!waiter.granted()) {
    // A part that nobody waits for yet does not use up the time of who will.
    if (!reading.why.awaited) reading.last_progress = members_.now();
    const TimePoint deadline = reading.deadline(members_.read_options());
    const TimePoint look = reading.why.awaited ? deadline : std::min(deadline, members_.now() + kLook);
    co_await waiter.wait_until(look);
    if (const auto worth = worth_the_wait(attempt, reading); !worth) {
      co_return std::unexpected<Error>(worth.error());
    }
  }
  reading.kept_waiting = false;
  co_return waiter.take();
}

}  // namespace balancefs
