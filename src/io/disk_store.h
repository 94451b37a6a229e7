// The disk cache's file calls on one entry: load, read, write, give up a segment, remove.
//
// Plain blocking functions for worker threads; they share nothing but the folder's descriptor, and open the
// two files of an entry anew for each call, so that no descriptor is kept and files that somebody removed are
// noticed. Data is written before its checksums, and nothing is synced: whatever a crash leaves, a block that
// does not fit its checksum is not there. Who calls what at the same time is disk_cache.h's business.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "balancefs/bytes.h"
#include "io/disk_folder.h"

namespace balancefs {

struct LoadedEntry {
  DiskHeader header;
  std::uint64_t header_room = 0;
  /// By number; those without a block are left out.
  std::vector<std::pair<std::uint64_t, UnitSums>> segments;
  std::uint64_t bytes = 0;  ///< of disk

  LoadedEntry() = default;
};

/// `corrupted`: no entry of ours, or not in one piece; `not_found`: gone.
Result<LoadedEntry> load_entry(const DiskFolder& folder, const DiskName& name);

/// Reads `units` (whole ones; the file's last may be short) to the begin of `buffer`, which has room for
/// whole pages, and compares each unit with its sum. Returns how many bytes from the start on are right;
/// fewer than asked: the unit there is damaged. What the system does not hold anyway is read past its page
/// cache where the buffer stands on a page boundary: the kernel keeps what the mount delivers, twice would be
/// too much.
Result<std::uint64_t> read_units(const DiskFolder& folder, const DiskName& name, ByteRange units,
                                 std::span<std::byte> buffer, std::span<const std::uint64_t> sums);

/// Whole units in a row.
struct UnitRun {
  std::uint64_t offset = 0;
  std::span<const std::byte> bytes;

  UnitRun() = default;
  UnitRun(std::uint64_t at, std::span<const std::byte> data) : offset(at), bytes(data) {}
};

/// What is to be written to one entry.
struct EntryWrite {
  DiskName name;
  std::uint64_t size = 0;  ///< of the version
  std::uint64_t header_room = 0;
  bool create = false;        ///< the files are to be made
  std::string header;         ///< empty: as it is
  std::vector<UnitRun> runs;  ///< in order of their offsets

  EntryWrite() = default;
};

struct Written {
  std::vector<std::uint64_t> sums;  ///< of all units, in the order of the runs
  std::uint64_t bytes = 0;          ///< the entry's, of disk
  DiskRoom room;

  Written() = default;
};
/// `not_found`: the entry's files are gone. A failed write leaves no block behind that would be believed.
Result<Written> write_units(const DiskFolder& folder, const EntryWrite& what);

struct Freed {
  std::uint64_t bytes = 0;  ///< the entry's, of disk, now
  DiskRoom room;

  Freed() = default;
};
/// Gives up the blocks of one segment.
Result<Freed> drop_segment(const DiskFolder& folder, const DiskName& name, std::uint64_t header_room,
                           std::uint64_t segment);
Result<DiskRoom> remove_entry(const DiskFolder& folder, const DiskName& name);
/// Notes that it was used now.
void touch_entry(const DiskFolder& folder, const DiskName& name);

}  // namespace balancefs
