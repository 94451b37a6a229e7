#include "io/disk_index.h"

#include <algorithm>

namespace balancefs {
namespace {

std::uint64_t segment_of_unit(std::uint64_t unit) {
  return unit / kUnitsPerSegment;
}

}  // namespace

void DiskIndex::add(const FoundEntry& found) {
  auto entry = std::make_shared<DiskEntry>();
  entry->name = found.name;
  entry->made = true;
  if (!entries_.emplace(found.name, entry).second) return;
  entry->whole = order_.insert(order_.end(), DiskPlace(*entry, std::nullopt));
  set_bytes(*entry, found.bytes);
}

std::shared_ptr<DiskEntry> DiskIndex::create(const DiskName& name, DiskHeader header) {
  auto entry = std::make_shared<DiskEntry>();
  entry->name = name;
  entry->header_room = balancefs::header_room(header);
  entry->header = std::move(header);
  BALANCEFS_CHECK(entries_.emplace(name, entry).second);
  return entry;
}

void DiskIndex::load(DiskEntry& entry, LoadedEntry loaded) {
  if (entry.loaded() || entry.removed) return;
  entry.header = std::move(loaded.header);
  entry.header_room = loaded.header_room;
  const bool first = entry.whole.has_value();
  // Its segments take its place in the order, one after the other.
  const auto place = first ? *entry.whole : order_.end();
  for (auto& [number, sums] : loaded.segments) {
    auto known = entry.segments.find(number);
    if (known == entry.segments.end() && !first) continue;  // given up since it was first looked into
    if (known == entry.segments.end()) {
      known = entry.segments.emplace(number, DiskSegment()).first;
      known->second.place = order_.insert(place, DiskPlace(entry, number));
    }
    known->second.sums = std::make_unique<UnitSums>(sums);
  }
  if (first) {
    order_.erase(place);
    entry.whole.reset();
  }
  set_bytes(entry, loaded.bytes);
}

void DiskIndex::unload(DiskEntry& entry) {
  if (entry.users > 0 || entry.file != nullptr || !entry.made) return;
  const bool used =
      std::ranges::any_of(entry.segments, [](const auto& segment) { return segment.second.users > 0; });
  if (used) return;
  entry.header.reset();
  entry.written_header = 0;
  for (auto& [number, segment] : entry.segments) segment.sums.reset();
}

void DiskIndex::remove(DiskEntry& entry) {
  if (entry.removed) return;
  const auto found = entries_.find(entry.name);
  const std::shared_ptr<DiskEntry> keep = found->second;
  entries_.erase(found);
  entry.removed = true;
  bytes_ -= entry.bytes;
  entry.bytes = 0;
  if (entry.whole) order_.erase(*entry.whole);
  entry.whole.reset();
  for (auto& [number, segment] : entry.segments) {
    order_.erase(segment.place);
    segment.place = order_.end();
    segment.sums.reset();
  }
}

std::vector<std::shared_ptr<DiskEntry>> DiskIndex::of_path(std::uint64_t path_hash) const {
  std::vector<std::shared_ptr<DiskEntry>> found;
  for (auto at = entries_.lower_bound(DiskName(path_hash, 0));
       at != entries_.end() && at->first.path_hash == path_hash; ++at) {
    found.push_back(at->second);
  }
  return found;
}

std::shared_ptr<DiskEntry> DiskIndex::find(const DiskName& name) const {
  const auto found = entries_.find(name);
  return found == entries_.end() ? nullptr : found->second;
}

// ---- blocks ---------------------------------------------------------------------------------------------

std::uint64_t DiskIndex::sum(const DiskEntry& entry, std::uint64_t unit) const {
  const auto found = entry.segments.find(segment_of_unit(unit));
  if (entry.removed || found == entry.segments.end()) return 0;
  const DiskSegment& segment = found->second;
  return segment.leaving || !segment.sums ? 0 : (*segment.sums)[unit % kUnitsPerSegment];
}

DiskSegment& DiskIndex::segment(DiskEntry& entry, std::uint64_t number) {
  const auto [found, is_new] = entry.segments.try_emplace(number);
  DiskSegment& segment = found->second;
  if (is_new) segment.place = order_.insert(order_.end(), DiskPlace(entry, number));
  if (!segment.sums) segment.sums = std::make_unique<UnitSums>();
  return segment;
}

void DiskIndex::set_sum(DiskEntry& entry, std::uint64_t unit, std::uint64_t sum) {
  if (entry.removed || !entry.loaded()) return;
  if (sum == 0 && !entry.segments.contains(segment_of_unit(unit))) return;
  (*segment(entry, segment_of_unit(unit)).sums)[unit % kUnitsPerSegment] = sum;
}

std::uint64_t DiskIndex::held_until(const DiskEntry& entry, std::uint64_t offset, std::uint64_t end) const {
  while (offset < end && sum(entry, offset / kUnitBytes) != 0) {
    offset = std::min(end, round_down(offset, kUnitBytes) + kUnitBytes);
  }
  return offset;
}

std::uint64_t DiskIndex::missing_until(const DiskEntry& entry, std::uint64_t offset, std::uint64_t end,
                                       std::uint64_t worth) const {
  while (offset < end) {
    const std::uint64_t until = held_until(entry, offset, end);
    if (until > offset && (until == end || until - offset >= worth)) return offset;
    offset = std::min(end, round_down(until, kUnitBytes) + kUnitBytes);
  }
  return end;
}

std::uint64_t DiskIndex::held_from(const DiskEntry& entry, std::uint64_t end, std::uint64_t least) const {
  std::uint64_t from = end;
  while (from > least && sum(entry, (from - 1) / kUnitBytes) != 0) {
    from = std::max(least, round_down(from - 1, kUnitBytes));
  }
  return from;
}

ByteRange DiskIndex::any_held(const DiskEntry& entry, std::uint64_t offset, std::uint64_t limit) const {
  if (!entry.loaded()) return {};
  const std::uint64_t size = entry.header->size;
  const std::uint64_t end = std::min(offset, size);
  const std::uint64_t from = held_from(entry, end, end - std::min(end, limit));
  if (from < end) return ByteRange(from, end - from);
  for (const auto& [number, segment] : entry.segments) {
    for (std::uint64_t unit = 0; unit < kUnitsPerSegment; ++unit) {
      const std::uint64_t at = number * kSegmentBytes + unit * kUnitBytes;
      const std::uint64_t until = held_until(entry, at, std::min(size, at + limit));
      if (until > at) return ByteRange(at, until - at);
    }
  }
  return {};
}

// ---- order ----------------------------------------------------------------------------------------------

bool DiskIndex::prepare(DiskEntry& entry, ByteRange range) {
  const std::uint64_t last = (range.end() - 1) / kSegmentBytes;
  for (std::uint64_t number = range.offset / kSegmentBytes; number <= last; ++number) {
    if (segment(entry, number).leaving) return false;
  }
  return true;
}

void DiskIndex::touch(DiskEntry& entry, ByteRange range) {
  if (entry.removed || range.empty()) return;
  const std::uint64_t last = (range.end() - 1) / kSegmentBytes;
  for (std::uint64_t number = range.offset / kSegmentBytes; number <= last; ++number) {
    const auto found = entry.segments.find(number);
    if (found != entry.segments.end()) order_.splice(order_.end(), order_, found->second.place);
  }
}

std::optional<DiskPlace> DiskIndex::next_victim() const {
  for (const DiskPlace& place : order_) {
    if (!place.segment) {
      if (place.entry->users == 0) return place;
      continue;
    }
    const DiskSegment& segment = place.entry->segments.at(*place.segment);
    if (segment.users == 0 && !segment.leaving && (place.entry->users == 0 || place.entry->loaded()))
      return place;
  }
  return std::nullopt;
}

void DiskIndex::leave(DiskEntry& entry, std::uint64_t segment) {
  entry.segments.at(segment).leaving = true;
}

void DiskIndex::drop(DiskEntry& entry, std::uint64_t segment) {
  const auto found = entry.segments.find(segment);
  if (entry.removed || found == entry.segments.end()) return;
  order_.erase(found->second.place);
  entry.segments.erase(found);
}

void DiskIndex::set_bytes(DiskEntry& entry, std::uint64_t bytes) {
  if (entry.removed) return;
  bytes_ = bytes_ - entry.bytes + bytes;
  entry.bytes = bytes;
}

// ---- SegmentUse -----------------------------------------------------------------------------------------

SegmentUse::SegmentUse(std::shared_ptr<DiskEntry> entry, ByteRange range) : entry_(std::move(entry)) {
  const std::uint64_t last = (range.end() - 1) / kSegmentBytes;
  auto at = entry_->segments.lower_bound(range.offset / kSegmentBytes);
  for (; at != entry_->segments.end() && at->first <= last; ++at) {
    ++at->second.users;
    segments_.push_back(&at->second);
  }
}

SegmentUse::~SegmentUse() {
  for (DiskSegment* segment : segments_) --segment->users;
}

}  // namespace balancefs
