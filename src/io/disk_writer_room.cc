// Making room: what was not used for the longest time goes, a segment at a time.
#include <algorithm>

#include "base/log.h"
#include "io/disk_writer.h"

namespace balancefs {
namespace {

// An entry of an earlier run up to this size goes as a whole, without being looked into.
constexpr std::uint64_t kSmallEntry = 4 * kSegmentBytes;
// What an entry costs beside its blocks: a page of header, one of checksums, and the last block's rest.
constexpr std::uint64_t kOverhead = 3 * kDiskPage;

}  // namespace

bool DiskWriter::fits(std::uint64_t bytes) const {
  return core_.index.bytes() + bytes <= core_.options.size && core_.room.free >= core_.room.reserve() + bytes;
}

Task<bool> DiskWriter::make_room(std::uint64_t bytes) {
  bytes += kOverhead;
  // What others left free is known from the last write only.
  if (core_.room.free < core_.room.reserve() + bytes) co_await refresh_room();
  while (!fits(bytes) && !paused()) {
    const std::optional<DiskPlace> victim = core_.index.next_victim();
    if (!victim) {
      if (core_.room.free < core_.room.reserve() + bytes) pause("less than 5 % of the disk would stay free");
      co_return false;
    }
    co_await evict(*victim);
  }
  co_return !paused();
}

Task<void> DiskWriter::evict(DiskPlace place) {
  const std::shared_ptr<DiskEntry> entry = core_.index.find(place.entry->name);
  const std::uint64_t before = core_.index.bytes();
  const bool all = place.segment ? entry->segments.size() == 1 && entry->file == nullptr && entry->users == 0
                                 : entry->bytes <= kSmallEntry;
  if (all) {
    remove(*entry);
    co_await remove_files();
  } else if (place.segment) {
    co_await evict_segment(entry, *place.segment);
  } else {
    co_await look_into(entry);
    settle(*entry);
  }
  core_.figures.evicted += before - std::min(before, core_.index.bytes());
}

Task<void> DiskWriter::evict_segment(std::shared_ptr<DiskEntry> entry, std::uint64_t segment) {
  if (!entry->made) {  // a place for blocks that never came
    core_.index.drop(*entry, segment);
    co_return;
  }
  core_.index.leave(*entry, segment);
  std::function<Result<Freed>()> job = [folder = core_.folder, name = entry->name, room = entry->header_room,
                                        segment] { return drop_segment(*folder, name, room, segment); };
  const Result<Freed> freed = co_await core_.writes.run(std::move(job), std::nullopt);
  core_.index.drop(*entry, segment);
  if (freed) {
    core_.room = freed->room;
    core_.index.set_bytes(*entry, freed->bytes);
  } else {
    failed(*entry, freed.error());
  }
}

/// An entry of an earlier run: its segments take its place in the order.
Task<void> DiskWriter::look_into(std::shared_ptr<DiskEntry> entry) {
  const EntryUse use(entry);
  std::function<Result<LoadedEntry>()> job = [folder = core_.folder, name = entry->name] {
    return load_entry(*folder, name);
  };
  Result<LoadedEntry> loaded = co_await core_.writes.run(std::move(job), std::nullopt);
  if (entry->removed || entry->loaded()) co_return;
  if (loaded && !loaded->segments.empty()) {
    core_.index.load(*entry, std::move(*loaded));
  } else if (loaded || loaded.error().kind != ErrorKind::unavailable) {
    remove(*entry);
  } else {
    failed(*entry, loaded.error());
  }
}

Task<void> DiskWriter::refresh_room() {
  std::function<Result<DiskRoom>()> job = [folder = core_.folder] { return disk_room(*folder); };
  const Result<DiskRoom> room = co_await core_.writes.run(std::move(job), std::nullopt);
  if (room) core_.room = *room;
}

/// Others may need the disk while nothing is written here.
Task<void> DiskWriter::keep_free() {
  if (core_.index.bytes() == 0 || paused()) co_return;
  co_await refresh_room();
  while (core_.room.free < core_.room.reserve() && !paused()) {
    const std::optional<DiskPlace> victim = core_.index.next_victim();
    if (!victim) co_return;
    co_await evict(*victim);
  }
}

}  // namespace balancefs
