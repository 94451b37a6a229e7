// Reading, for the whole daemon: one memory budget, one block cache, the transfers under way.
//
// src/fs opens files here and nowhere else. The storages' readers fail over, detect stalls and check
// identities by themselves; this side decides what to fetch when, and holds it. Loop thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "balancefs/options.h"
#include "balancefs/storage.h"
#include "balancefs/task.h"
#include "io/automatic_budget.h"
#include "io/disk_version.h"
#include "io/file_reader.h"

namespace balancefs {

class DiskCache;
struct DiskOptions;
struct DiskSnapshot;
struct ReadCore;

/// For status and metrics. Bytes, unless it says otherwise.
struct ReadSnapshot {
  std::uint64_t budget = 0;
  std::uint64_t used = 0;        ///< of the budget; never more
  std::uint64_t held = 0;        ///< of these: blocks that nobody refers to now, reclaimed on need
  std::uint64_t in_flight = 0;   ///< of these: granted to transfers for what is still to come
  std::uint64_t handles = 0;     ///< count
  std::uint64_t parts = 0;       ///< transfers under way, count
  std::uint64_t queued = 0;      ///< reads that wait for memory, count
  std::uint64_t reads = 0;       ///< since the start, count
  std::uint64_t reads_held = 0;  ///< of these: answered at once, count
  std::uint64_t bytes_read = 0;
  std::uint64_t bytes_fetched = 0;
  std::uint64_t parts_demanded = 0;    ///< count
  std::uint64_t parts_prefetched = 0;  ///< count
  std::uint64_t parts_abandoned = 0;   ///< count
  std::uint64_t parts_failed = 0;      ///< count

  ReadSnapshot() = default;
};

class ReadEngine {
 public:
  /// `budget_bytes`: 0 for automatic_memory_budget(). A budget of less than 1 MiB is taken as that.
  ReadEngine(std::uint64_t budget_bytes, const ReadOptions& options, Executor executor, Clock& clock);
  ReadEngine(const ReadEngine&) = delete;
  ReadEngine& operator=(const ReadEngine&) = delete;
  /// close() has ended, all FileReaders, reads and replies are gone.
  ~ReadEngine();

  /// From now on what storages bring is kept on disk too, and taken from there. Called once, before open().
  void keep_on_disk(DiskOptions options);
  /// A handle of `version`, whose size is exact; `reader` serves that version and is destroyed when no
  /// transfer uses it any more. Without an `origin` nothing of it is kept on disk.
  std::unique_ptr<FileReader> open(std::shared_ptr<Version> version, std::unique_ptr<ObjectReader> reader,
                                   FileOrigin origin = FileOrigin());
  /// ReadOptions::read_timeout, for what waits from now on.
  void set_read_timeout(Duration timeout);
  /// Ends all transfers and waits until they have ended; reads under way fail with `cancelled`.
  Task<void> close();
  ReadSnapshot snapshot() const;
  /// Nothing: no disk cache is configured.
  std::optional<DiskSnapshot> disk_snapshot() const;

 private:
  Executor executor_;
  Clock& clock_;
  std::unique_ptr<DiskCache> disk_;  ///< outlives the handles' readers in core_
  std::unique_ptr<ReadCore> core_;
};

}  // namespace balancefs
