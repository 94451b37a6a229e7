// What the parts of the disk cache share: the folder, the index, the two threads, the figures. Owned by
// DiskCache; all but the folder's descriptor is touched on the loop thread alone.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "base/worker_thread.h"
#include "io/disk_index.h"
#include "io/disk_version.h"

namespace balancefs {

struct DiskOptions {
  std::string folder;      ///< absolute; made when it is not there
  std::uint64_t size = 0;  ///< of disk that the cache may take, bytes
  /// How much memory may wait to be written; it is the read engine's. What comes while more waits is not
  /// kept on disk.
  std::uint64_t queue = 32ull * 1024 * 1024;

  DiskOptions() = default;
};

/// For status and metrics. Bytes unless it says otherwise.
struct DiskSnapshot {
  enum class State : std::uint8_t { opening, on, paused, off };
  State state = State::opening;  ///< paused: reading goes on, nothing is written for a while
  std::string folder;
  std::uint64_t size = 0;     ///< the limit
  std::uint64_t used = 0;     ///< of disk, now
  std::uint64_t entries = 0;  ///< count
  std::uint64_t queued = 0;   ///< waiting to be written
  std::uint64_t read = 0;     ///< since the start: taken from disk
  std::uint64_t written = 0;
  std::uint64_t skipped = 0;  ///< not kept: the queue was full or there was no room
  std::uint64_t evicted = 0;
  std::uint64_t damaged = 0;  ///< blocks that did not fit their checksum, count

  DiskSnapshot() = default;
};

/// One version while it has handles.
class DiskFile {
 public:
  enum class State : std::uint8_t { undecided, deciding, decided };

  DiskFile(std::shared_ptr<Version> of, FileOrigin from)
      : version(std::move(of)), origin(std::move(from)), epoch(version->epoch()) {}
  /// Its blocks on disk, where it has any and may use them.
  DiskEntry* blocks() const { return entry && !entry->removed ? entry.get() : nullptr; }

  std::shared_ptr<Version> version;
  FileOrigin origin;
  std::uint32_t epoch;
  State state = State::undecided;  ///< whether an entry was looked for
  bool off = false;                ///< neither read from disk nor written
  std::shared_ptr<DiskEntry> entry;
  std::size_t readers = 0;
  TimePoint decide_by;  ///< nobody waits for it longer
  WaitList decided;
};

struct DiskCore {
  DiskOptions options;
  Executor executor;
  Clock& clock;
  /// Two, so that the disk has the next request while one is answered. Apart from the writing one, because
  /// a write waits for as long as the system makes writers wait.
  std::array<WorkerThread, 2> reads;
  WorkerThread writes;
  std::shared_ptr<const DiskFolder> folder;  ///< null: not open (yet)
  DiskRoom room;
  DiskIndex index;
  DiskSnapshot figures;  ///< the counted ones

  DiskCore(DiskOptions chosen, const Executor& loop, Clock& time)
      : options(std::move(chosen)),
        executor(loop),
        clock(time),
        reads{WorkerThread(loop, time), WorkerThread(loop, time)},
        writes(loop, time) {}
};

/// Keeps an entry loaded.
class EntryUse {
 public:
  explicit EntryUse(std::shared_ptr<DiskEntry> entry) : entry_(std::move(entry)) { ++entry_->users; }
  EntryUse(EntryUse&&) noexcept = default;
  EntryUse& operator=(EntryUse&& other) noexcept {
    std::swap(entry_, other.entry_);
    return *this;
  }
  ~EntryUse() {
    if (entry_) --entry_->users;
  }
  const std::shared_ptr<DiskEntry>& entry() const { return entry_; }

 private:
  std::shared_ptr<DiskEntry> entry_;
};

}  // namespace balancefs
