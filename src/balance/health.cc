#include "balance/health.h"

#include <fmt/format.h>

#include <algorithm>

#include "balancefs/result.h"

namespace balancefs {
namespace {

/// Openings of different members within this time are one event, such as the user's own line going down:
/// the longest that a stalled read takes to fail, with something to spare.
constexpr Duration kTogether = 30s;
/// Without Retry-After: so long, doubled with each further refusal.
constexpr Duration kThrottleBase = 1s;
constexpr Duration kThrottleMax = 30s;
/// A Retry-After beyond this is taken for a mistake.
constexpr Duration kThrottleLimit = 24h;
constexpr Duration kIdle = 1min;
constexpr Duration kBetweenProbes = 1s;
constexpr Duration kBetweenChecks = 10s;
constexpr double kJitter = 0.1;

std::int64_t second_of(TimePoint now) {
  return std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
}

std::string describe(const Error& error) {
  return error.text.empty() ? std::string(to_string(error.kind))
                            : fmt::format("{}: {}", to_string(error.kind), error.text);
}

}  // namespace

std::string_view to_string(HealthState state) {
  switch (state) {
    case HealthState::closed:
      return "closed";
    case HealthState::open:
      return "open";
    case HealthState::half_open:
      return "half-open";
  }
  check_failed(__FILE__, __LINE__, "HealthState is in range");
}

HealthTracker::HealthTracker(const HealthOptions& options, Random& random, TimePoint now)
    : options_(&options), random_(&random), since_(now) {}

void HealthTracker::take_over(const HealthTracker& earlier) {
  const HealthOptions* options = options_;
  Random* random = random_;
  *this = earlier;
  options_ = options;
  random_ = random;
}

void HealthTracker::succeeded(Token token, TimePoint now) {
  if (token.epoch != epoch_ || !closed()) return;
  consecutive_ = 0;
  refusals_ = 0;
  throttles_ = 0;
  count(false, now);
}

HealthTracker::Change HealthTracker::failed(Token token, const Error& error, TimePoint now) {
  if (error.kind == ErrorKind::unsupported && error.detail == Error::Detail::no_range) {
    no_range_until_ = now + options_->no_range_for;
  }
  switch (blame(error)) {
    case Blame::none:
      return Change::none;
    case Blame::throttled:
      throttle(error, now);
      return Change::none;
    case Blame::auth:
      suspicious_ = closed();
      return token.epoch == epoch_ ? refused(error, now) : Change::none;
    case Blame::dead:
      last_failure_ = now;
      return token.epoch == epoch_ ? dead(error, now) : Change::none;
  }
  check_failed(__FILE__, __LINE__, "Blame is in range");
}

HealthTracker::Change HealthTracker::dead(const Error& error, TimePoint now) {
  if (!closed()) return Change::none;
  ++epoch_;
  ++consecutive_;
  count(true, now);
  if (consecutive_ < options_->failures_to_open && !half_failed(now)) return Change::none;
  auth_ = false;
  return open(error, now);
}

// A path of its own that is forbidden (403) says nothing about the member; refused credentials (401) do.
HealthTracker::Change HealthTracker::refused(const Error& error, TimePoint now) {
  if (!closed() || error.detail != Error::Detail::credentials) return Change::none;
  ++epoch_;
  if (++refusals_ < options_->failures_to_open) return Change::none;
  auth_ = true;
  return open(error, now);
}

void HealthTracker::throttle(const Error& error, TimePoint now) {
  Duration pause = std::min(kThrottleBase * (1U << std::min(throttles_, 5U)), kThrottleMax);
  if (error.retry_after) {
    pause = std::clamp<Duration>(*error.retry_after, kThrottleBase, kThrottleLimit);
  } else if (!throttled(now)) {
    ++throttles_;
  }
  if (now + pause <= throttled_until_) return;
  throttled_until_ = now + pause;
  throttle_pause_ = pause;
}

// ---- probes ---------------------------------------------------------------------------------------------

void HealthTracker::begin_probe() {
  if (state_ != HealthState::open) return;
  probe_successes_ = 0;
  set_state(HealthState::half_open, std::move(reason_));
}

HealthTracker::Change HealthTracker::probe_succeeded(TimePoint now) {
  suspicious_ = false;
  refusals_ = 0;
  if (state_ != HealthState::half_open) return Change::none;
  probe_due_ = now + kBetweenProbes;
  if (++probe_successes_ < options_->successes_to_close) return Change::none;
  consecutive_ = 0;
  seconds_ = {};
  recovered_at_ = now;
  since_ = now;
  set_state(HealthState::closed, "");
  return Change::closed;
}

HealthTracker::Change HealthTracker::probe_failed(const Error& error, TimePoint now) {
  last_failure_ = now;
  if (blame(error) == Blame::throttled) {
    throttle(error, now);
    probe_due_ = std::max(throttled_until_, now + kBetweenProbes);
    return Change::none;
  }
  if (blame(error) == Blame::auth) {
    auth_ = true;
    return open(error, now);
  }
  if (closed()) return dead(error, now);
  auth_ = false;
  return open(error, now);
}

void HealthTracker::hurry(TimePoint now) {
  if (state_ != HealthState::open) return;
  const TimePoint soonest = std::max(now, opened_at_ + options_->open_base);
  probe_due_ = std::min(probe_due_, soonest);
}

bool HealthTracker::wants_check(TimePoint now) {
  if (!suspicious_ || !closed() || now < check_after_) return false;
  suspicious_ = false;
  check_after_ = now + kBetweenChecks;
  return true;
}

// ---- opening --------------------------------------------------------------------------------------------

HealthTracker::Change HealthTracker::open(const Error& error, TimePoint now) {
  const bool was_closed = closed();
  if (was_closed) {
    const auto healthy = static_cast<std::uint64_t>((now - since_) / options_->window);
    multiplier_ -= static_cast<std::uint32_t>(std::min<std::uint64_t>(multiplier_, healthy));
    since_ = now;  // a probe that fails goes on with the outage that began then
  }
  multiplier_before_ = multiplier_++;
  jitter_ = 1.0 - kJitter + 2 * kJitter * random_->unit();
  opened_at_ = now;
  probe_due_ = now + open_time();
  set_state(HealthState::open, describe(error));
  return was_closed ? Change::opened : Change::reopened;
}

void HealthTracker::forgive_growth(TimePoint now) {
  if (state_ != HealthState::open || now - opened_at_ > kTogether) return;
  multiplier_ = multiplier_before_;
  probe_due_ = std::min(probe_due_, opened_at_ + open_time());
}

Duration HealthTracker::open_time() const {
  if (auth_) return std::chrono::duration_cast<Duration>(options_->auth_open * jitter_);
  const Duration grown = options_->open_base * std::clamp<std::uint32_t>(multiplier_, 1, 1000);
  return std::chrono::duration_cast<Duration>(std::min(grown, options_->open_max) * jitter_);
}

void HealthTracker::set_state(HealthState state, std::string reason) {
  state_ = state;
  reason_ = std::move(reason);
  ++epoch_;
}

// ---- counting -------------------------------------------------------------------------------------------

void HealthTracker::count(bool failure, TimePoint now) {
  const std::int64_t number = second_of(now);
  Second& second = seconds_[static_cast<std::size_t>(number) % kSeconds];
  if (second.number != number) second = Second();
  second.number = number;
  ++second.all;
  if (failure) ++second.failures;
}

bool HealthTracker::half_failed(TimePoint now) const {
  const std::int64_t oldest = second_of(now) - static_cast<std::int64_t>(options_->window / Duration(1s));
  std::uint32_t failures = 0;
  std::uint32_t all = 0;
  for (const Second& second : seconds_) {
    if (second.number <= oldest) continue;
    failures += second.failures;
    all += second.all;
  }
  return all >= options_->window_minimum && failures * 2 >= all;
}

std::optional<Duration> HealthTracker::recovered_for(TimePoint now) const {
  if (!recovered_at_) return std::nullopt;
  return now - *recovered_at_;
}

bool HealthTracker::idle(TimePoint now) const {
  return !last_data_ || now - *last_data_ >= kIdle;
}

}  // namespace balancefs
