// The bytes held on disk: what storages brought, kept for the next handle, the next run, an outage.
//
// Best effort in both directions: what cannot be written is not kept, what cannot be read or does not fit its
// checksum is fetched again, and a folder that cannot be used turns the cache off with one line in the log.
// An entry belongs to one state of a visible file; a version takes it over only when the listing shows that
// state, and with it the validators of the earlier run, so that data of another state is noticed as ever.
// Loop thread; the folder is touched by two worker threads only (disk_store.h).
#pragma once

#include <memory>
#include <unordered_map>

#include "balancefs/storage.h"
#include "io/disk_turns.h"
#include "io/disk_writer.h"
#include "io/part_scheduler.h"

namespace balancefs {

class DiskCache final : public FilledUnits {
 public:
  DiskCache(DiskOptions options, const Executor& executor, Clock& clock);
  DiskCache(const DiskCache&) = delete;
  DiskCache& operator=(const DiskCache&) = delete;
  /// close() has ended and all readers are gone.
  ~DiskCache() override;

  /// Begins to open the folder; until then nothing is on disk.
  void start();
  /// A reader that takes from disk what is there and the rest from `network`. The version's handles share
  /// what is known of it.
  std::unique_ptr<ObjectReader> wrap(std::shared_ptr<Version> version, FileOrigin origin,
                                     std::unique_ptr<ObjectReader> network);
  void filled(BlockSet& set, Frame& frame, ByteRange units) override;
  /// Writes what waits, for two seconds at most, and ends. Readers find nothing on disk from now on.
  Task<void> close();
  DiskSnapshot snapshot() const;

 private:
  friend class DiskReader;

  Task<void> open_folder();
  bool take_folder(OpenedFolder opened);

  // disk_attach.cc: which entry serves a version
  /// Looks for the version's entry where nobody has; waits for that, but not long.
  Task<void> decide(std::shared_ptr<DiskFile> file);
  static Task<void> attach(DiskCache& cache, std::shared_ptr<DiskFile> file);
  Task<bool> load(std::shared_ptr<DiskEntry> entry);
  void consider(const std::shared_ptr<DiskFile>& file, const std::shared_ptr<DiskEntry>& entry);
  void join(DiskFile& file, const std::shared_ptr<DiskEntry>& entry);
  /// A new entry; none where the file may not be kept.
  DiskEntry* make_entry(DiskFile& file);
  /// The blocks of the version as it is now. Those of one that ended or follows are given up.
  DiskEntry* blocks_of(DiskFile& file);
  void closed(const std::shared_ptr<DiskFile>& file);

  // For DiskReader.
  /// Whether the disk answers.
  bool readable();
  void read_stalled();
  void damaged(DiskEntry& entry, std::uint64_t unit);

  DiskCore core_;
  DiskWriter writer_;
  DiskTurns turns_;
  std::unordered_map<std::uint64_t, std::shared_ptr<DiskFile>> files_;  ///< by version id
  std::uint64_t next_read_ = 0;
  std::uint64_t next_job_ = 0;
  bool opening_ = true;
  bool closing_ = false;
  TimePoint open_by_;  ///< nobody waits for the folder longer
  TimePoint reads_paused_until_;
  WaitList opened_;
  TaskScope scope_;
  TaskScope writing_;
};

}  // namespace balancefs
