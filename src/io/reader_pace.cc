#include "io/reader_pace.h"

#include <algorithm>

namespace balancefs {
namespace {

// Less says more about a program's first look than about its pace.
constexpr double kEnough = 1024.0 * 1024;
// What was before counts half after so long: a player that begins fills its buffer as fast as it can.
constexpr Duration kHalfLife = std::chrono::seconds(1);
// A longer pause says that somebody pressed a button, not how fast the program reads.
constexpr Duration kLongestPause = std::chrono::seconds(2);

double seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

}  // namespace

void ReaderPace::count_own_time(TimePoint now) {
  if (begun_ && waiting_ == 0) own_seconds_ += seconds(std::clamp(now - seen_, Duration(0), kLongestPause));
  if (!begun_) forgotten_ = now;
  begun_ = true;
  seen_ = now;
}

void ReaderPace::forget_older(TimePoint now) {
  if (now - forgotten_ < kHalfLife || bytes_ < 2 * kEnough) return;
  forgotten_ = now;
  bytes_ /= 2;
  own_seconds_ /= 2;
}

void ReaderPace::began(TimePoint now) {
  count_own_time(now);
  forget_older(now);
  ++waiting_;
}

void ReaderPace::ended(TimePoint now) {
  count_own_time(now);
  --waiting_;
}

std::uint64_t ReaderPace::bytes_per_second() const {
  // 16 GiB/s is beyond any program.
  if (bytes_ < kEnough || own_seconds_ * 16e9 < bytes_) return kUnknown;
  return static_cast<std::uint64_t>(bytes_ / own_seconds_);
}

}  // namespace balancefs
