#include "io/line_meter.h"

#include <algorithm>
#include <cmath>

#include "io/reader_pace.h"

namespace balancefs {
namespace {

constexpr Duration kHalfLife = std::chrono::seconds(5);
// Long enough that a burst out of a buffer does not look like a line.
constexpr Duration kInterval = std::chrono::milliseconds(100);
constexpr Duration kShortest = std::chrono::milliseconds(2);
// A smaller transfer is mostly what was in the buffers on the way.
constexpr std::uint64_t kTelling = 512ull * 1024;
// Before anything is known.
constexpr std::uint32_t kFirstConnections = 3;
// As much more than the best so far is tried: the line may have more to give.
constexpr double kTryMore = 1.5;
// Headroom over what the reader takes.
constexpr double kHeadroom = 1.25;
// One more, so that the end of one is covered by the next; two where the reader takes all it gets (on
// loopback five at once were a sixth faster than three).
constexpr double kSpare = 1;
constexpr double kSpareUnlimited = 2;
// All together bring as much as before: that one of them brings less is then their number's doing.
constexpr double kSteady = 0.7;

double seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

}  // namespace

void LineMeter::Recent::add(double figure, TimePoint now) {
  const double faded = value * std::exp2(-seconds(now - when) / seconds(kHalfLife));
  value = std::max(figure, faded);
  when = now;
}

void LineMeter::Recent::keep(double figure, TimePoint now) {
  value = std::max(figure, value);
  when = now;
}

void LineMeter::received(std::uint64_t bytes, TimePoint now) {
  bytes_ += static_cast<double>(bytes);
  const Duration elapsed = now - since_;
  if (elapsed < kInterval) return;
  // After a pause the interval says nothing.
  if (elapsed < 2 * kInterval) {
    latest_ = bytes_ / seconds(elapsed);
    together_.add(latest_, now);
  }
  since_ = now;
  bytes_ = 0;
}

void LineMeter::ended(std::uint64_t bytes, TimePoint first_byte, TimePoint now) {
  if (bytes < kTelling) return;
  const double rate = static_cast<double>(bytes) / seconds(std::max<Duration>(now - first_byte, kShortest));
  if (latest_ >= kSteady * together_.value) {
    one_.keep(rate, now);
  } else {
    one_.add(rate, now);
  }
}

std::uint32_t LineMeter::connections(std::uint64_t wanted) const {
  if (one_.value <= 0) return kFirstConnections;
  const double rate = std::max(together_.value, one_.value) * kTryMore;
  const double limit = wanted == ReaderPace::kUnknown ? rate : static_cast<double>(wanted) * kHeadroom;
  const double spare = limit < rate ? kSpare : kSpareUnlimited;
  const double needed = std::ceil(std::min(rate, limit) / one_.value) + spare;
  return static_cast<std::uint32_t>(std::clamp(needed, 2.0, static_cast<double>(kMostConnections)));
}

}  // namespace balancefs
