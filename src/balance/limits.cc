#include "balance/limits.h"

#include <algorithm>

#include "balancefs/result.h"

namespace balancefs {
namespace {

constexpr Duration kSecond = std::chrono::seconds(1);
/// Pieces end where blocks of storages and caches do.
constexpr std::uint64_t kGrid = 128 * 1024;
/// Pieces of half a second's worth: a reader of twenty gets one every ten seconds, far from any deadline,
/// and a request's own cost is still little beside it.
constexpr std::uint64_t kPiecesPerSecond = 2;

}  // namespace

Duration Limits::per_request() const {
  // Rounded up: never more than the limit.
  return Duration((kSecond.count() + options_.requests_per_second - 1) / options_.requests_per_second);
}

Duration Limits::time_of(std::uint64_t bytes) const {
  constexpr double kLongest = 1e9;  // of a duration's range, with room to add
  const double exact = static_cast<double>(bytes) / static_cast<double>(options_.bandwidth);
  const double seconds = std::min(exact, kLongest);
  return std::chrono::ceil<Duration>(std::chrono::duration<double>(seconds));
}

bool Limits::may_start(bool data, TimePoint now) const {
  const std::optional<TimePoint> next = next_start(data);
  return next && *next <= now;
}

std::optional<TimePoint> Limits::next_start(bool data) const {
  if (options_.max_connections != 0 && running_ >= options_.max_connections) return std::nullopt;
  TimePoint next = TimePoint::min();
  if (options_.requests_per_second != 0) next = requests_full_ - kSecond + per_request();
  if (data && options_.bandwidth != 0) next = std::max(next, bytes_full_ - kSecond);
  return next;
}

void Limits::started(std::uint64_t bytes, TimePoint now) {
  ++running_;
  if (options_.requests_per_second != 0) requests_full_ = std::max(requests_full_, now) + per_request();
  if (options_.bandwidth != 0) bytes_full_ = std::max(bytes_full_, now) + time_of(bytes);
}

void Limits::ended(std::uint64_t missing) {
  BALANCEFS_CHECK(running_ > 0);
  --running_;
  if (options_.bandwidth != 0) bytes_full_ -= time_of(missing);
}

std::uint64_t Limits::piece() const {
  return (options_.bandwidth / kPiecesPerSecond + kGrid - 1) / kGrid * kGrid;
}

}  // namespace balancefs
