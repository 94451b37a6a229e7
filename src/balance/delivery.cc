#include "balance/delivery.h"

#include <algorithm>
#include <cmath>

namespace balancefs {
namespace {

/// Seconds of flow that make a sample: several turns of a loop, a few pieces of a slow line.
constexpr double kSample = 0.1;
/// A request that brought all at once took that long at least.
constexpr double kLeast = 0.001;
/// Seconds of flow after which a measurement counts for a third: a change is seen within two seconds.
constexpr double kMemory = 1.0;
constexpr double kLatencyWeight = 0.2;

}  // namespace

void Delivery::asked(std::uint64_t bytes) {
  ++requests_;
  queued_ += bytes;
}

void Delivery::first_byte(Duration latency, TimePoint now) {
  advance(now);
  ++flowing_;
  if (!latency_) latency_ = latency;
  const double change = kLatencyWeight * static_cast<double>((latency - *latency_).count());
  *latency_ += Duration(static_cast<Duration::rep>(change));
}

void Delivery::arrived(std::uint64_t bytes, TimePoint now) {
  advance(now);
  queued_ -= std::min(bytes, queued_);
  bytes_ += static_cast<double>(bytes);
  if (busy_ >= kSample) sample(now);
}

void Delivery::ended(std::uint64_t missing, bool flowed, TimePoint now) {
  advance(now);
  --requests_;
  queued_ -= std::min(missing, queued_);
  if (!flowed) return;
  if (--flowing_ == 0) sample(now);
}

void Delivery::advance(TimePoint now) {
  const double passed = std::chrono::duration<double>(now - last_).count();
  last_ = now;
  if (flowing_ == 0) return;
  busy_ += passed;
  request_time_ += passed * flowing_;
}

/// Short ones count less, the first ones too: one small part says little about the next large one.
void Delivery::sample(TimePoint now) {
  const double busy = std::max(busy_, kLeast);
  const double rate = bytes_ / std::max(request_time_, kLeast);
  const double together = std::max(1.0, request_time_ / busy);
  seen_ += busy;
  const double weight = std::max(1 - std::exp(-busy / kMemory), busy / seen_);
  rate_ = rate_.value_or(rate) + weight * (rate - rate_.value_or(rate));
  side_by_side_ += weight * (together - side_by_side_);
  measured_ = now;
  bytes_ = busy_ = request_time_ = 0;
}

}  // namespace balancefs
