#include "balance/route.h"

#include "base/log.h"

namespace balancefs {
namespace {

/// How much a member shows of what is held before its bytes are believed.
constexpr std::size_t kProof = 64 * 1024;

/// One request under way, for status.
class Running {
 public:
  Running(std::uint32_t& count, std::size_t& reads) : count_(count), reads_(reads) {
    ++count_;
    ++reads_;
  }
  ~Running() {
    --count_;
    --reads_;
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

 private:
  std::uint32_t& count_;
  std::size_t& reads_;
};

/// The read's time is over. Others may have used it up: who had too little of it is not to blame.
Error out_of_time(bool had_its_time) {
  if (had_its_time) return Error(ErrorKind::timed_out, "nothing came for too long");
  return Error(ErrorKind::unavailable, Error::Detail::not_ours, "the read's time was over");
}

/// What a request may bring by its member's limits, until it ends: then the rest is given back.
class Allowance {
 public:
  explicit Allowance(Attempt& attempt) : attempt_(attempt) {}
  ~Allowance() {
    if (permit_) permit_->used(attempt_.progress.bytes);
  }
  Allowance(const Allowance&) = delete;
  Allowance& operator=(const Allowance&) = delete;
  void hold(Account::Permit permit) {
    attempt_.progress.bytes = 0;
    permit_.emplace(std::move(permit));
  }

 private:
  Attempt& attempt_;
  std::optional<Account::Permit> permit_;
};

/// Whether an attempt may still deliver: not when another member brought the next byte since it was begun,
/// while it waited or while it showed held bytes. Then nothing is left to ask, or what is left is not this
/// one's.
Result<void> still_wanted(Attempt& attempt, const Reading& reading) {
  if (attempt.target.position() == reading.sink.position()) return {};
  attempt.refused = true;
  return fail(ErrorKind::cancelled, "another member was faster");
}

}  // namespace

Route::Route(Members& members, Prober& prober, std::shared_ptr<Version> version)
    : members_(members), prober_(prober), version_(std::move(version)), readers_(members.size()) {}

Route::~Route() {
  BALANCEFS_CHECK(running_ == 0);
}

ObjectReader& Route::reader(MemberIndex member) {
  if (!readers_[member]) readers_[member] = members_[member].storage->open(version_, member);
  return *readers_[member];
}

Task<Result<void>> Route::read(ByteRange range, ByteSink& sink, RequestContext& why) {
  Reading reading(range, sink, why, *version_, members_.now());
  reading.all_open_at_start = every_holder_is_open();
  while (sink.position() < range.end()) {
    if (version_->ended() || version_->epoch() != reading.epoch) {
      co_return fail(ErrorKind::changed, "the version has moved on");
    }
    if (members_.now() >= reading.deadline(members_.read_options())) co_return give_up(reading);
    const std::optional<Turn> turn = next_turn(reading);
    if (turn) {
      const std::optional<Result<void>> final_one = co_await take_turn(*turn, reading);
      if (final_one) co_return *final_one;
      continue;
    }
    const std::optional<TimePoint> until = wait_until(reading);
    if (!until) co_return give_up(reading);
    co_await wait_for_members(*until, reading);
  }
  co_return Result<void>();
}

/// The read's outcome when this turn ended it: by an error that nobody else can mend.
Task<std::optional<Result<void>>> Route::take_turn(Turn turn, Reading& reading) {
  if (races()) co_return co_await race(turn, reading);
  Attempt alone(turn.member, reading.sink, end_of(turn, reading));
  const Result<void> outcome = co_await attempt(alone, reading);
  if (!outcome && is_final(alone, outcome.error(), reading)) co_return outcome;
  co_return std::nullopt;
}

/// A handle that has delivered waits for members to come back; probes find that out, sooner than usual. One
/// that has not tries all of them again for a while.
Task<void> Route::wait_for_members(TimePoint until, Reading& reading) {
  const std::vector<MemberIndex> among = holders();
  if (delivered_) prober_.hurry(among);
  co_await members_.changes().wait_until(members_.clock(), until);
  for (const MemberIndex member : among) {
    if (!delivered_ || members_[member].health.closed()) reading.forgive(member);
  }
}

/// Held bytes that a member has to show first; nothing when none are held or it has shown what it is.
std::optional<HeldBytes::Sample> Route::proof_for(MemberIndex member, const Reading& reading) const {
  if (version_->held() == nullptr || version_->standing(member) == Version::Standing::proven)
    return std::nullopt;
  auto sample = version_->held()->sample_near(reading.sink.position(), kProof);
  if (sample && sample->bytes.empty()) return std::nullopt;
  return sample;
}

Task<Result<void>> Route::attempt(Attempt& attempt, Reading& reading) {
  if (const auto wanted = still_wanted(attempt, reading); !wanted) co_return wanted;
  if (const auto direct = still_begins_there(attempt, reading); !direct) co_return direct;
  std::optional<HeldBytes::Sample> sample = proof_for(attempt.member, reading);
  const bool adjoins = sample && sample->offset + sample->bytes.size() == reading.sink.position();
  if (sample && !adjoins) {
    const Result<void> proven = co_await prove(attempt, *sample, reading);
    if (!proven) co_return proven;
    if (const auto wanted = still_wanted(attempt, reading); !wanted) co_return wanted;
    sample.reset();
  }
  std::uint64_t from = sample ? sample->offset : reading.sink.position();
  if (!members_.serves_ranges(attempt.member)) from = 0;
  const ByteRange range(from, attempt.until - from);
  const HeldBytes::Sample* const shown = sample ? &*sample : nullptr;
  co_return co_await transfer(attempt, range, &attempt.target, shown, reading);
}

Task<Result<void>> Route::prove(Attempt& attempt, const HeldBytes::Sample& sample, Reading& reading) {
  const std::uint64_t from = members_.serves_ranges(attempt.member) ? sample.offset : 0;
  const std::uint64_t end = sample.offset + sample.bytes.size();
  const ByteRange range(from, end - from);
  co_return co_await transfer(attempt, range, nullptr, &sample, reading);
}

/// One request to one member, watched once its limits let it begin. `target` is null when it only compares.
/// Whatever comes of it has reached the member's health when this returns.
Task<Result<void>> Route::transfer(Attempt& attempt, ByteRange range, ByteSink* target,
                                   const HeldBytes::Sample* sample, Reading& reading) {
  const MemberIndex member = attempt.member;
  Members::Member& server = members_[member];
  Allowance allowance(attempt);
  if (server.account != nullptr) {
    Result<Account::Permit> permit = co_await admission(attempt, range, reading);
    if (!permit) co_return std::unexpected<Error>(permit.error());
    allowance.hold(std::move(*permit));
    if (const auto wanted = still_wanted(attempt, reading); !wanted) co_return wanted;
  }
  AttemptSink sink(members_, *version_, attempt, target, range, sample, delivered_);
  Running running(server.running, running_);
  const ReadOptions& options = members_.read_options();
  const HealthTracker& health = server.health;
  StallWatch watch(options, first_byte_limit(options, health.p95(), health.idle(members_.now())),
                   members_.now());
  const Members::Request request = members_.begin(member);
  Asked asked("read", version_->path(), attempt.target.position());
  if (!races()) reading.why.id = request.id;
  Flow<Result<void>> child(members_.executor(), reader(member).read(range, sink, reading.why));
  std::optional<Error> verdict;
  while (!verdict) {
    const TimePoint tick = std::min(members_.now() + StallWatch::kTick, reading.deadline(options));
    const bool done = co_await child.join_until(members_.clock(), tick);
    if (sink.received() > 0) reading.brought(member, sink.last_byte());
    if (done) break;
    verdict = verdict_on(attempt, watch, reading);
  }
  if (verdict) child.cancel();
  Result<void> outcome = co_await child.join();
  if (!outcome && verdict) outcome = std::unexpected<Error>(*verdict);
  if (outcome && sink.position() < range.end())
    outcome = fail(ErrorKind::corrupted, "less than was asked for");
  if (!outcome) asked.byte = attempt.target.position();
  settle(attempt, request, asked, outcome, reading);
  co_return outcome;
}

/// Why a request under way is to end; nothing while it may go on.
std::optional<Error> Route::verdict_on(const Attempt& attempt, StallWatch& watch, const Reading& reading) {
  const ReadOptions& options = members_.read_options();
  const Progress& progress = attempt.progress;
  const TimePoint now = members_.now();
  const bool replaceable = another_could_serve(attempt.member, reading);
  if (watch.stalled(now, progress.bytes, reading.why.awaited, replaceable)) {
    return Error(ErrorKind::stalled, fmt::format("{} bytes, then too few", progress.bytes));
  }
  if (shares_a_stall(attempt, reading)) {
    return Error(ErrorKind::stalled, "nothing came, as for the part before it");
  }
  if (now < reading.deadline(options)) return std::nullopt;
  return out_of_time(now - progress.begun >= options.stall_with_alternative);
}

void Route::settle(const Attempt& attempt, const Members::Request& request, const Asked& asked,
                   Result<void>& outcome, Reading& reading) {
  const MemberIndex member = attempt.member;
  reading.why.served_by = member;
  if (attempt.progress.bytes > 0) reading.brought(member, attempt.progress.last_byte);
  if (!outcome) ++reading.in_vain[member];
  if (outcome) {
    stalled_.erase(member);
    members_.succeeded(member, request, asked);
  } else if (!attempt.refused && !attempt.must_prove) {
    members_.failed(member, request, outcome.error(), asked);
  }
}

/// What a failed attempt means for the read. Notes it, and leaves the member unless it may be asked again.
bool Route::is_final(const Attempt& attempt, const Error& error, Reading& reading) {
  if (attempt.refused) return true;
  if (attempt.must_prove) return false;
  const MemberIndex member = attempt.member;
  if (attempt.unasked) {
    if (current_ == member && !members_.usable(member)) current_.reset();
    return false;
  }
  const bool outdated = version_->ended() || version_->epoch() != reading.epoch;
  switch (error.kind) {
    case ErrorKind::changed:
      if (outdated) return true;
      if (version_->standing(member) != Version::Standing::divergent) {
        log_warning("{}: {} holds something else: {}", members_.shown(version_->path()),
                    members_.name(member), error.text);
      }
      version_->set_divergent(member);
      reading.note(member, error);
      break;
    case ErrorKind::throttled:
      break;
    case ErrorKind::not_found:
    case ErrorKind::denied:
    case ErrorKind::unavailable:
    case ErrorKind::stalled:
    case ErrorKind::timed_out:
    case ErrorKind::corrupted:
      reading.note(member, error);
      break;
    case ErrorKind::unsupported:
      if (error.detail != Error::Detail::no_range) return true;
      if (reading.skipped.contains(member)) reading.note(member, error);
      reading.skipped.insert(member);
      break;
    case ErrorKind::no_space:
    case ErrorKind::too_large:
    case ErrorKind::cancelled:
      return true;
  }
  leave(member, error);
  return false;
}

void Route::leave(MemberIndex member, const Error& error) {
  if (error.kind == ErrorKind::throttled) return;
  if (error.kind == ErrorKind::stalled) stalled_.insert(member);
  if (current_ == member) current_.reset();
  if (members_.striped()) rest(member);
}

Result<void> Route::give_up(const Reading& reading) {
  if (holders().empty()) {
    if (version_->delivered()) version_->end();
    return fail(ErrorKind::changed, "no member holds the opened version any more");
  }
  const auto* failure = reading.least_certain();
  if (failure == nullptr) {
    if (end_of_throttling(reading)) return fail(ErrorKind::throttled, "every member asks to slow down");
    if (reading.kept_waiting) {
      return std::unexpected<Error>(
          Error(ErrorKind::unavailable, Error::Detail::not_ours, "the limits let nothing begin in time"));
    }
    return std::unexpected<Error>(
        Error(ErrorKind::unavailable, Error::Detail::not_ours, "no member that holds it may serve it now"));
  }
  if (failure->second.error.kind == ErrorKind::changed) {
    // Those that may be asked hold something else; who still holds the version is drained.
    return std::unexpected<Error>(
        Error(ErrorKind::unavailable, Error::Detail::not_ours, "who still holds it takes no new handles"));
  }
  Error error = failure->second.error;
  error.text = members_.name(failure->first) + ": " + error.text;
  return std::unexpected<Error>(std::move(error));
}

}  // namespace balancefs
