#include "io/memory_budget.h"

#include <algorithm>

namespace balancefs {

// ---- Grant ----------------------------------------------------------------------------------------------

MemoryBudget::Grant& MemoryBudget::Grant::operator=(Grant&& other) noexcept {
  if (this != &other) {
    reset();
    budget_ = other.budget_;
    frames_ = std::exchange(other.frames_, 0);
  }
  return *this;
}

void MemoryBudget::Grant::use_one() {
  BALANCEFS_CHECK(frames_ > 0);
  --frames_;
}

void MemoryBudget::Grant::reset() {
  if (frames_ > 0) budget_->give_back(std::exchange(frames_, 0));
}

// ---- Ticket ---------------------------------------------------------------------------------------------

/// One demand in the queue; a local of the waiting flow. Leaves the queue, or gives back what it was granted
/// and nobody took, when that flow is cancelled.
class MemoryBudget::Ticket {
 public:
  Ticket(MemoryBudget& budget, std::size_t frames)
      : budget_(budget), frames_(frames), place_(budget.queue_.insert(budget.queue_.end(), this)) {}
  Ticket(const Ticket&) = delete;
  Ticket& operator=(const Ticket&) = delete;
  ~Ticket() {
    if (granted_) return;
    budget_.queue_.erase(place_);
    budget_.pump();
  }

  std::size_t frames() const { return frames_; }
  bool granted() const { return granted_; }
  /// Called with the frames counted as used already; the ticket is out of the queue.
  void grant() {
    granted_ = true;
    grant_ = Grant(budget_, frames_);
    turn_.wake_all();
  }
  Grant take() { return std::move(grant_); }
  Task<bool> wait_until(Clock& clock, TimePoint deadline) { return turn_.wait_until(clock, deadline); }

 private:
  MemoryBudget& budget_;
  std::size_t frames_;
  std::list<Ticket*>::iterator place_;
  bool granted_ = false;
  Grant grant_;
  WaitList turn_;
};

// ---- MemoryBudget ---------------------------------------------------------------------------------------

MemoryBudget::MemoryBudget(std::size_t frames, Clock& clock, Duration timeout)
    : total_(std::max<std::size_t>(frames, 2)),
      // An eighth, so that a member that stalls under prefetch leaves room for what others are asked.
      reserve_(std::clamp<std::size_t>(total_ / 8, 2, 256)),
      clock_(clock),
      timeout_(timeout) {}

MemoryBudget::~MemoryBudget() {
  BALANCEFS_CHECK(used_ == 0 && queue_.empty());
}

std::size_t MemoryBudget::available() const {
  return total_ - used_ + (reclaimer_ != nullptr ? reclaimer_->reclaimable() : 0);
}

void MemoryBudget::take(std::size_t frames) {
  taking_ = true;  // what is reclaimed here is for this caller, not for the queue
  while (total_ - used_ < frames) reclaimer_->reclaim_one();
  taking_ = false;
  used_ += frames;
  BALANCEFS_CHECK(used_ <= total_);
}

std::optional<MemoryBudget::Grant> MemoryBudget::try_demand(std::size_t frames) {
  if (!queue_.empty() || available() < frames) return std::nullopt;
  take(frames);
  return Grant(*this, frames);
}

Task<Result<MemoryBudget::Grant>> MemoryBudget::demand(std::size_t frames) {
  if (frames > total_) co_return fail(ErrorKind::too_large, "a read needs more than the memory budget");
  Ticket ticket(*this, frames);
  pump();
  bool shed = false;
  TimePoint since = clock_.now();
  std::uint64_t seen = moves_;
  while (!ticket.granted()) {
    const TimePoint deadline = since + (shed ? timeout_ : std::min<Duration>(kShedAfter, timeout_));
    const bool woken = co_await ticket.wait_until(clock_, deadline);
    if (woken || ticket.granted()) continue;
    if (moves_ != seen) {
      seen = moves_;
      since = clock_.now();
      shed = false;
    } else if (!shed) {
      shed = true;
      if (shed_) shed_(frames);
    } else {
      co_return fail(ErrorKind::timed_out, "no memory for a read: everything buffered is in use");
    }
  }
  co_return ticket.take();
}

std::size_t MemoryBudget::prefetch_room() const {
  if (!queue_.empty()) return 0;
  const std::size_t room = available();
  return room > reserve_ ? room - reserve_ : 0;
}

std::optional<MemoryBudget::Grant> MemoryBudget::try_prefetch(std::size_t frames) {
  if (prefetch_room() < frames) return std::nullopt;
  take(frames);
  return Grant(*this, frames);
}

void MemoryBudget::give_back(std::size_t frames) {
  BALANCEFS_CHECK(used_ >= frames);
  used_ -= frames;
  pump();
}

void MemoryBudget::pump() {
  if (taking_) return;
  while (!queue_.empty() && available() >= queue_.front()->frames()) {
    Ticket* ticket = queue_.front();
    queue_.pop_front();
    take(ticket->frames());
    ++moves_;
    ticket->grant();
  }
}

}  // namespace balancefs
