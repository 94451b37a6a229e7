#include "io/read_plan.h"

#include <algorithm>

#include "io/frame_memory.h"

namespace balancefs {
namespace {

// So much of a reader's time is fetched ahead of it: a part's first byte may take a second without a gap.
constexpr std::uint64_t kAheadMilliseconds = 1500;
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
  const bool from_start = !read_before_ && asked.offset == 0;
  read_before_ = true;
  if (from_start) {
    advice_ = foresight_.advice(name_);
    tail_ = advice_.tail;
  }
  const std::uint32_t at_once = meter_->connections(pace_.bytes_per_second());
  ReadWindow::Allowance allowed(std::min(most_ahead, worth_ahead()), at_once);
  allowed.limit = advice_.limit;
  const std::uint64_t reach = window_.read(asked, allowed);
  pace_.consumed(window_.advanced());
  if (!from_start) return reach;
  const std::uint64_t head = round_up(std::min(advice_.reach, most_ahead), kUnitBytes);
  return std::max(reach, std::min(head, file_size_));
}

ByteRange ReadPlan::take_tail() {
  const std::uint64_t length = std::min(tail_, file_size_);
  tail_ = 0;
  if (length == 0) return {};
  const std::uint64_t from = round_down(file_size_ - length, kUnitBytes);
  return ByteRange(from, file_size_ - from);
}

void ReadPlan::finish() {
  foresight_.learn(name_, trace_);
}

}  // namespace balancefs
