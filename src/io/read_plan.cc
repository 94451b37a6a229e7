#include "io/read_plan.h"

#include <algorithm>

#include "io/frame_memory.h"

namespace balancefs {
namespace {

// So much of a reader's time is fetched ahead of it: a part's first byte may take a second without a gap.
constexpr std::uint64_t kAheadMilliseconds = 1500;
// A shorter head is not worth a second request.
constexpr std::uint64_t kWorthTwo = 512ull * 1024;
// Whatever the pace: eight of the kernel's reads.
constexpr std::uint64_t kLeastAhead = 1024ull * 1024;

}  // namespace

ReadPlan::ReadPlan(Foresight& foresight, std::string name, std::uint64_t file_size)
    : foresight_(foresight),
      name_(std::move(name)),
      file_size_(file_size),
      window_(file_size),
      trace_(file_size) {}

std::uint64_t ReadPlan::worth_ahead() const {
  const std::uint64_t rate = pace_.bytes_per_second();
  if (rate == ReaderPace::kUnknown) return rate;
  return std::max(kLeastAhead, rate / 1000 * kAheadMilliseconds);
}

std::uint64_t ReadPlan::read(ByteRange asked, std::uint64_t most_ahead, TimePoint now) {
  pace_.began(now);
  trace_.read(asked);
  const bool from_start = !std::exchange(read_before_, true) && asked.offset == 0;
  if (from_start) advice_ = foresight_.advice(name_);
  const std::uint32_t at_once = meter_->connections(pace_.bytes_per_second());
  ReadWindow::Allowance allowed(std::min(most_ahead, worth_ahead()), at_once);
  allowed.limit = advice_.limit;
  const std::uint64_t reach = window_.read(asked, allowed);
  pace_.consumed(window_.advanced());
  return from_start ? begin_at_start(reach, most_ahead) : reach;
}

/// A head that is known to be read comes over two connections: on one, a mebibyte at 25 MB/s takes as long
/// again as its round trip.
std::uint64_t ReadPlan::begin_at_start(std::uint64_t least, std::uint64_t most_ahead) {
  const std::uint64_t end = std::min(file_size_, round_up(std::min(advice_.reach, most_ahead), kUnitBytes));
  if (advice_.tail > 0) {
    const std::uint64_t from = round_down(file_size_ - std::min(file_size_, advice_.tail), kUnitBytes);
    tail_ = ByteRange(from, file_size_ - from);
  }
  if (end <= least) return least;
  const std::uint64_t half = end < kWorthTwo ? end : std::max(least, round_up(end / 2, kUnitBytes));
  head_ = ByteRange(half, end - half);
  return half;
}

void ReadPlan::finish() {
  foresight_.learn(name_, trace_);
}

}  // namespace balancefs
