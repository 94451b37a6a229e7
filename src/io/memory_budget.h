// The one budget for buffered file data, counted in frames and granted before a transfer begins.
//
// Who gets what when memory is short: prefetch is refused first (it must leave a reserve and yields to any
// queue), then idle frames are reclaimed, then demand queues in order of arrival. A grant is all or nothing
// and a waiter in the queue holds no frame, so readers cannot block each other in a circle: whatever is
// granted belongs to a transfer or a reply, and those end by themselves. Loop thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <optional>
#include <utility>

#include "balancefs/clock.h"
#include "balancefs/result.h"
#include "balancefs/task.h"

namespace balancefs {

class MemoryBudget {
 public:
  /// Has frames that nobody refers to, and can give them up at once.
  class Reclaimer {
   public:
    virtual ~Reclaimer() = default;
    virtual std::size_t reclaimable() const = 0;
    /// Frees the least recently used of them: calls give_back(1).
    virtual void reclaim_one() = 0;
  };

  /// Frames granted and not yet turned into memory; what is left is given back when it goes.
  class Grant {
   public:
    Grant() = default;
    Grant(MemoryBudget& budget, std::size_t frames) : budget_(&budget), frames_(frames) {}
    Grant(Grant&& other) noexcept : budget_(other.budget_), frames_(std::exchange(other.frames_, 0)) {}
    Grant& operator=(Grant&& other) noexcept;
    ~Grant() { reset(); }
    std::size_t frames() const { return frames_; }
    /// Whoever calls this now owes the budget one give_back().
    void use_one();
    void reset();

   private:
    MemoryBudget* budget_ = nullptr;
    std::size_t frames_ = 0;
  };

  /// `timeout`: how long a queued demand waits while nothing at all is granted.
  MemoryBudget(std::size_t frames, Clock& clock, Duration timeout);
  MemoryBudget(const MemoryBudget&) = delete;
  MemoryBudget& operator=(const MemoryBudget&) = delete;
  ~MemoryBudget();

  void reclaim_from(Reclaimer& reclaimer) { reclaimer_ = &reclaimer; }
  /// Called with a number of frames when a demand has waited kShedAfter and nothing moved: prefetch under way
  /// should be given up for it.
  void shed_with(std::function<void(std::size_t)> shed) { shed_ = std::move(shed); }

  /// At once or not at all; nothing while others queue.
  std::optional<Grant> try_demand(std::size_t frames);
  void set_timeout(Duration timeout) { timeout_ = timeout; }
  /// Waits for its turn. `too_large` when the whole budget would not do, `timed_out` after the timeout.
  Task<Result<Grant>> demand(std::size_t frames);
  /// How many frames prefetch could have now.
  std::size_t prefetch_room() const;
  std::optional<Grant> try_prefetch(std::size_t frames);

  void give_back(std::size_t frames);
  /// More may be reclaimable than before: serves the queue.
  void reclaimable_grew() { pump(); }

  std::size_t total() const { return total_; }
  /// Granted frames, those in use as memory included. Never more than total().
  std::size_t used() const { return used_; }
  std::size_t queued() const { return queue_.size(); }

  static constexpr Duration kShedAfter = std::chrono::seconds(1);

 private:
  class Ticket;

  std::size_t available() const;
  void take(std::size_t frames);
  void pump();

  std::size_t total_;
  std::size_t reserve_;
  std::size_t used_ = 0;
  std::uint64_t moves_ = 0;  ///< grants made to the queue, to tell waiting from being stuck
  bool taking_ = false;
  Clock& clock_;
  Duration timeout_;
  Reclaimer* reclaimer_ = nullptr;
  std::function<void(std::size_t)> shed_;
  std::list<Ticket*> queue_;
};

}  // namespace balancefs
