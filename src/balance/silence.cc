#include "balance/silence.h"

#include <algorithm>

namespace balancefs {
namespace {

/// The first pause; doubles up to the longest while nothing comes.
constexpr Duration kPause = std::chrono::seconds(3);
constexpr std::uint32_t kMostDoublings = 4;

}  // namespace

void Silence::asked(TimePoint now) {
  if (requests_++ == 0) since_ = now;
}

void Silence::heard(TimePoint now) {
  since_ = now;
  before_ = Duration(0);
  overtaken_ = false;
  rounds_ = 0;
  avoided_until_ = TimePoint();
}

void Silence::ended(TimePoint now, bool had_its_time) {
  if (--requests_ > 0) return;
  // An answer, or nobody who wants one: only what was overtaken says something about the next request.
  if (!overtaken_) before_ = Duration(0);
  if (overtaken_ && had_its_time) before_ += now - since_;
}

bool Silence::overtaken(TimePoint now) {
  overtaken_ = true;
  if (!silent(now) || avoided(now)) return false;
  avoided_until_ = now + kPause * (1U << std::min(rounds_++, kMostDoublings));
  return true;
}

Duration Silence::in_vain(TimePoint now) const {
  return requests_ > 0 ? before_ + (now - since_) : before_;
}

void Silence::blamed(TimePoint now) {
  before_ = Duration(0);
  since_ = now;
}

}  // namespace balancefs
