#include "balance/stall_watch.h"

#include <algorithm>

namespace balancefs {

StallWatch::StallWatch(const ReadOptions& options, Duration first_byte_limit, TimePoint now)
    : options_(options), first_byte_limit_(first_byte_limit), awaited_since_(now) {}

bool StallWatch::stalled(TimePoint now, std::uint64_t bytes, bool awaited, bool replaceable) {
  if (!awaited) {
    awaited_since_ = now;
    samples_.clear();
    return false;
  }
  if (bytes == 0) return replaceable && now - awaited_since_ >= first_byte_limit_;
  samples_.emplace_back(now, bytes);
  while (samples_.size() > 2 && now - samples_[1].at >= options_.stall_alone) samples_.pop_front();
  if (replaceable && too_slow(now, bytes, options_.stall_with_alternative)) return true;
  return too_slow(now, bytes, options_.stall_alone);
}

bool StallWatch::too_slow(TimePoint now, std::uint64_t bytes, Duration over) const {
  const auto is_younger = [&](const Sample& sample) { return now - sample.at < over; };
  const auto younger = std::find_if(samples_.begin(), samples_.end(), is_younger);
  if (younger == samples_.begin()) return false;
  const Sample& then = *std::prev(younger);
  const auto seconds = std::chrono::duration<double>(now - then.at).count();
  return static_cast<double>(bytes - then.bytes) <
         seconds * static_cast<double>(options_.stall_bytes_per_second);
}

Duration first_byte_limit(const ReadOptions& options, std::optional<Duration> p95, bool idle) {
  Duration limit = options.stall_with_alternative;
  if (p95) limit = std::max(limit, *p95 * 4);
  if (idle) limit = std::max(limit, options.stall_idle_member);
  return limit;
}

}  // namespace balancefs
