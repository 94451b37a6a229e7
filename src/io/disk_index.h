// What the disk cache knows to be on disk, and what goes first.
//
// Entries (one version of one file each), their segments of 16 MiB, and for those in use the checksum of each
// block. All segments of all entries form one list, the least recently used first; an entry of an earlier run
// stands in it as a whole until somebody had to look into it. What is in use is never chosen to go. Pure
// bookkeeping without I/O: the caller makes the disk agree. Loop thread.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "balancefs/bytes.h"
#include "io/disk_store.h"

namespace balancefs {

struct DiskEntry;
class DiskFile;

/// A segment of an entry, or all of an entry that nobody has looked into.
struct DiskPlace {
  DiskEntry* entry = nullptr;
  std::optional<std::uint64_t> segment;

  DiskPlace() = default;
  DiskPlace(DiskEntry& owner, std::optional<std::uint64_t> number) : entry(&owner), segment(number) {}
};

struct DiskSegment {
  std::unique_ptr<UnitSums> sums;  ///< null: the entry is not loaded
  std::uint32_t users = 0;         ///< reads and writes under way
  bool leaving = false;            ///< being given up: as if it were not there
  std::list<DiskPlace>::iterator place;

  DiskSegment() = default;
};

struct DiskEntry {
  DiskName name;
  std::uint64_t bytes = 0;           ///< of disk
  std::optional<DiskHeader> header;  ///< present: loaded
  std::uint64_t header_room = 0;
  std::map<std::uint64_t, DiskSegment> segments;
  std::optional<std::list<DiskPlace>::iterator> whole;  ///< until it is looked into
  bool removed = false;       ///< out of the index: nothing of it is read or written
  bool made = false;          ///< its files exist
  std::uint32_t users = 0;    ///< loads under way and writes not done: stays loaded, and whole
  DiskFile* file = nullptr;   ///< the open file that it serves
  std::uint64_t version = 0;  ///< id and epoch of the version that it served last in this process
  std::uint32_t epoch = 0;
  std::uint64_t written_header = 0;  ///< a hash of what is on disk
  bool told_damage = false;          ///< one line for each entry is enough

  DiskEntry() = default;
  bool loaded() const { return header.has_value(); }
};

class DiskIndex {
 public:
  DiskIndex() = default;
  DiskIndex(const DiskIndex&) = delete;
  DiskIndex& operator=(const DiskIndex&) = delete;

  /// One of an earlier run, used more recently than all before.
  void add(const FoundEntry& found);
  std::shared_ptr<DiskEntry> create(const DiskName& name, DiskHeader header);
  /// Owners of what has been found on disk. Does nothing when it is loaded already.
  void load(DiskEntry& entry, LoadedEntry loaded);
  /// Forgets what only an entry in use needs. Does nothing while it is in use.
  void unload(DiskEntry& entry);
  /// Forgets the entry.
  void remove(DiskEntry& entry);

  std::vector<std::shared_ptr<DiskEntry>> of_path(std::uint64_t path_hash) const;
  std::shared_ptr<DiskEntry> find(const DiskName& name) const;

  /// The checksum of a unit; 0: it is not there.
  std::uint64_t sum(const DiskEntry& entry, std::uint64_t unit) const;
  void set_sum(DiskEntry& entry, std::uint64_t unit, std::uint64_t sum);
  /// Where the blocks that are there from `offset` (inside a unit or at its begin) on end, at most `end`;
  /// `offset` itself when that unit is not there.
  std::uint64_t held_until(const DiskEntry& entry, std::uint64_t offset, std::uint64_t end) const;
  /// Where the next run begins that is at least `worth` bytes long or reaches `end`; `end` when there is
  /// none.
  std::uint64_t missing_until(const DiskEntry& entry, std::uint64_t offset, std::uint64_t end,
                              std::uint64_t worth) const;
  /// A run of blocks that are there, of at most `limit` bytes: one that ends at `offset` where possible.
  ByteRange any_held(const DiskEntry& entry, std::uint64_t offset, std::uint64_t limit) const;

  /// Makes the segments of the range, for blocks to come. False: one of them is being given up.
  bool prepare(DiskEntry& entry, ByteRange range);
  /// The segments of the range were used now.
  void touch(DiskEntry& entry, ByteRange range);
  /// What was not used for the longest time and is not in use.
  std::optional<DiskPlace> next_victim() const;
  void leave(DiskEntry& entry, std::uint64_t segment);
  /// It has left; or, where it could not, it is gone all the same.
  void drop(DiskEntry& entry, std::uint64_t segment);

  void set_bytes(DiskEntry& entry, std::uint64_t bytes);
  std::uint64_t bytes() const { return bytes_; }
  std::size_t entries() const { return entries_.size(); }

 private:
  DiskSegment& segment(DiskEntry& entry, std::uint64_t number);
  std::uint64_t held_from(const DiskEntry& entry, std::uint64_t end, std::uint64_t least) const;

  std::map<DiskName, std::shared_ptr<DiskEntry>> entries_;
  std::list<DiskPlace> order_;  ///< the least recently used first
  std::uint64_t bytes_ = 0;
};

/// Keeps the segments of a range, as far as they exist, from being given up.
class SegmentUse {
 public:
  SegmentUse(std::shared_ptr<DiskEntry> entry, ByteRange range);
  SegmentUse(SegmentUse&&) noexcept = default;
  SegmentUse& operator=(SegmentUse&& other) noexcept {
    std::swap(entry_, other.entry_);
    std::swap(segments_, other.segments_);
    return *this;
  }
  ~SegmentUse();

 private:
  std::shared_ptr<DiskEntry> entry_;
  std::vector<DiskSegment*> segments_;
};

}  // namespace balancefs
