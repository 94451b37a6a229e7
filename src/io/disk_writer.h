// Everything that changes the disk cache's folder, one thing after the other: writing blocks, making room,
// removing entries.
//
// Best effort: what cannot be written is not kept, and nobody waits for it. One flow, never cancelled while a
// job of its runs, because the job reads from pinned frames; close() ends it. Loop thread; the work itself is
// done on the writing thread.
#pragma once

#include <deque>
#include <vector>

#include "io/block_cache.h"
#include "io/disk_core.h"

namespace balancefs {

/// Units of one frame on their way to disk.
struct DiskWrite {
  EntryUse use;
  SegmentUse segments;
  std::shared_ptr<Version> version;
  std::uint32_t epoch;
  FramePin pin;
  UnitRun run;

  DiskWrite(EntryUse entry, SegmentUse places, std::shared_ptr<Version> of, FramePin frame, UnitRun units)
      : use(std::move(entry)),
        segments(std::move(places)),
        version(std::move(of)),
        epoch(version->epoch()),
        pin(std::move(frame)),
        run(units) {}
  bool outdated() const { return version->ended() || version->epoch() != epoch || use.entry()->removed; }
};

class DiskWriter {
 public:
  explicit DiskWriter(DiskCore& core) : core_(core) {}
  DiskWriter(const DiskWriter&) = delete;
  DiskWriter& operator=(const DiskWriter&) = delete;

  /// The flow. Returns after close().
  static Task<void> run(DiskWriter& writer);
  /// Whether one more would be taken.
  bool accepts() const;
  void write(DiskWrite write);
  /// Takes the entry out of the index at once, and its files from the disk soon.
  void remove(DiskEntry& entry);
  /// It was used until now, for the order after a restart.
  void note_use(const DiskEntry& entry);
  /// Writes what waits, for as long as `kEndWithin`, drops the rest, and returns when run() does.
  Task<void> close();

  /// Somebody has let go of the entry: forgets what only an entry in use needs.
  void settle(DiskEntry& entry);

  bool paused() const;
  std::uint64_t queued() const { return queued_; }

  static constexpr Duration kEndWithin = std::chrono::seconds(2);

 private:
  bool idle() const { return writes_.empty() && doomed_.empty() && used_.empty(); }
  Task<void> step();
  Task<void> remove_files();
  Task<void> touch_files();
  Task<void> write_batch();
  std::vector<DiskWrite> take_batch();
  /// What a job writes of the batch, which is put in the order of the file.
  static EntryWrite plan(std::vector<DiskWrite>& batch);
  void stored(const std::vector<DiskWrite>& batch, const Result<Written>& written);
  void drop_queue();

  // disk_writer_room.cc
  /// For so many bytes more. False: nothing more can go, or the disk fails.
  Task<bool> make_room(std::uint64_t bytes);
  bool fits(std::uint64_t bytes) const;
  Task<void> evict(DiskPlace place);
  Task<void> evict_segment(std::shared_ptr<DiskEntry> entry, std::uint64_t segment);
  Task<void> look_into(std::shared_ptr<DiskEntry> entry);
  Task<void> refresh_room();
  Task<void> keep_free();
  void failed(DiskEntry& entry, const Error& error);
  void pause(const std::string& why);
  std::uint64_t batch_limit() const;

  DiskCore& core_;
  std::deque<DiskWrite> writes_;
  std::vector<DiskName> doomed_;
  std::vector<DiskName> used_;
  std::uint64_t queued_ = 0;
  TimePoint paused_until_;
  bool told_ = false;  ///< of the present trouble
  bool closing_ = false;
  bool running_ = false;
  WaitList wake_;
  WaitList ended_;
};

}  // namespace balancefs
