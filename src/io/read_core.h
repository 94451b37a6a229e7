// What all handles share: the budget, the blocks, the transfers, and the figures for the status. Owned by
// ReadEngine. Loop thread.
#pragma once

#include <cstdint>
#include <list>

#include "balancefs/options.h"
#include "io/block_cache.h"
#include "io/foresight.h"
#include "io/memory_budget.h"
#include "io/part_scheduler.h"

namespace balancefs {

struct ReadCore {
  MemoryBudget budget;
  BlockCache blocks;
  PartScheduler parts;
  Foresight foresight;
  Clock& clock;
  /// A handle that is read ahead, since its last read.
  struct Stream {
    bool* counted;  ///< the handle's flag: whether it is in the list
    TimePoint last_read;
    Stream(bool* flag, TimePoint when) : counted(flag), last_read(when) {}
  };
  std::list<Stream> streams;     ///< the one that was read longest ago first
  std::uint64_t reads = 0;       ///< answered or failed
  std::uint64_t reads_held = 0;  ///< of these: answered at once from held blocks
  std::uint64_t bytes_read = 0;  ///< answered
  Timer idle_timer;

  ReadCore(std::uint64_t budget_bytes, const ReadOptions& options, Executor executor, Clock& time);
  /// How far ahead of its reader one handle may fetch: its share of three quarters of the budget. The rest is
  /// for what is asked and was read, so that prefetched blocks are not reclaimed before they are used.
  /// A handle that was not read for a while has no share: paused players and seeders keep files open.
  std::uint64_t share(const bool& counted);
  /// Called when a handle is gone: with the last one begins the time after which blocks are forgotten.
  void handle_closed();
};

}  // namespace balancefs
