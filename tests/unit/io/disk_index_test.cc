#include "io/disk_index.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <set>

namespace balancefs::test {
namespace {

DiskHeader header_of(std::uint64_t size) {
  DiskHeader header;
  header.path = "pt/a";
  header.size = size;
  return header;
}

class DiskIndexTest : public testing::Test {
 protected:
  std::shared_ptr<DiskEntry> make(std::uint64_t number, std::uint64_t size = 8 * kSegmentBytes) {
    auto entry = index.create(DiskName(1, number), header_of(size));
    entry->made = true;
    return entry;
  }
  void hold(DiskEntry& entry, std::uint64_t segment) {
    const ByteRange range(segment * kSegmentBytes, kUnitBytes);
    EXPECT_TRUE(index.prepare(entry, range));
    index.set_sum(entry, range.offset / kUnitBytes, 5);
    index.touch(entry, range);
  }
  /// What goes, in its order; each is dropped.
  std::vector<std::pair<std::uint64_t, std::uint64_t>> victims() {
    std::vector<std::pair<std::uint64_t, std::uint64_t>> gone;
    while (const auto victim = index.next_victim()) {
      gone.emplace_back(victim->entry->name.number, victim->segment.value_or(999));
      if (victim->segment) {
        index.leave(*victim->entry, *victim->segment);
        index.drop(*victim->entry, *victim->segment);
      } else {
        index.remove(*victim->entry);
      }
    }
    return gone;
  }
  using Gone = std::vector<std::pair<std::uint64_t, std::uint64_t>>;

  DiskIndex index;
};

TEST_F(DiskIndexTest, TheLeastRecentlyUsedSegmentGoesFirst) {
  const auto film = make(1);
  const auto song = make(2);
  hold(*film, 0);
  hold(*film, 1);
  hold(*song, 0);
  hold(*film, 2);
  index.touch(*film, ByteRange(0, 1));
  EXPECT_EQ(victims(), (Gone{{1, 1}, {2, 0}, {1, 2}, {1, 0}}));
}

TEST_F(DiskIndexTest, WhatIsInUseStays) {
  const auto film = make(1);
  hold(*film, 0);
  hold(*film, 1);
  {
    const SegmentUse use(film, ByteRange(0, 1));
    EXPECT_EQ(victims(), (Gone{{1, 1}}));
  }
  EXPECT_EQ(victims(), (Gone{{1, 0}}));
}

TEST_F(DiskIndexTest, ASegmentThatLeavesIsNotThereAndTakesNothing) {
  const auto film = make(1);
  hold(*film, 0);
  index.leave(*film, 0);
  EXPECT_EQ(index.sum(*film, 0), 0u);
  EXPECT_FALSE(index.prepare(*film, ByteRange(0, kUnitBytes)));
  index.drop(*film, 0);
  EXPECT_TRUE(index.prepare(*film, ByteRange(0, kUnitBytes)));
}

TEST_F(DiskIndexTest, AnEntryOfAnEarlierRunIsOneUntilItIsLookedInto) {
  FoundEntry found;
  found.name = DiskName(1, 7);
  found.bytes = 100;
  index.add(found);
  const auto newer = make(8);
  hold(*newer, 0);
  EXPECT_EQ(index.bytes(), 100u);
  const auto entry = index.find(found.name);
  ASSERT_TRUE(index.next_victim());
  EXPECT_EQ(index.next_victim()->entry, entry.get());
  EXPECT_FALSE(index.next_victim()->segment);
  LoadedEntry loaded;
  loaded.header = header_of(4 * kSegmentBytes);
  loaded.bytes = 150;
  UnitSums sums{};
  sums[3] = 9;
  loaded.segments.emplace_back(0, sums);
  loaded.segments.emplace_back(2, sums);
  index.load(*entry, std::move(loaded));
  EXPECT_EQ(index.bytes(), 150u);
  EXPECT_EQ(index.sum(*entry, 3), 9u);
  EXPECT_EQ(victims(), (Gone{{7, 0}, {7, 2}, {8, 0}})) << "its segments stand where it stood";
}

TEST_F(DiskIndexTest, WhatIsUnloadedKeepsItsPlaceAndIsLoadedAgain) {
  const auto film = make(1);
  hold(*film, 0);
  index.unload(*film);
  EXPECT_FALSE(film->loaded());
  EXPECT_EQ(index.sum(*film, 0), 0u);
  LoadedEntry loaded;
  loaded.header = header_of(8 * kSegmentBytes);
  UnitSums sums{};
  sums[0] = 5;
  loaded.segments.emplace_back(0, sums);
  loaded.segments.emplace_back(1, sums);
  index.load(*film, std::move(loaded));
  EXPECT_EQ(index.sum(*film, 0), 5u);
  EXPECT_EQ(index.sum(*film, kUnitsPerSegment), 0u) << "a segment that was given up meanwhile";
}

TEST_F(DiskIndexTest, ARemovedEntryIsNowhere) {
  const auto film = make(1);
  hold(*film, 0);
  index.set_bytes(*film, 4000);
  const SegmentUse use(film, ByteRange(0, 1));
  index.remove(*film);
  EXPECT_EQ(index.bytes(), 0u);
  EXPECT_EQ(index.entries(), 0u);
  EXPECT_EQ(index.sum(*film, 0), 0u);
  EXPECT_TRUE(index.of_path(1).empty());
  EXPECT_FALSE(index.next_victim());
}

TEST_F(DiskIndexTest, ASampleEndsWhereTheReadBeginsOrIsAnyOther) {
  const auto film = make(1);
  hold(*film, 1);
  index.set_sum(*film, kUnitsPerSegment + 1, 5);
  const std::uint64_t base = kSegmentBytes;
  EXPECT_EQ(index.any_held(*film, base + 2 * kUnitBytes, 64 * 1024), ByteRange(base, 2 * kUnitBytes));
  EXPECT_EQ(index.any_held(*film, base + kUnitBytes, 64 * 1024), ByteRange(base, kUnitBytes));
  EXPECT_EQ(index.any_held(*film, 3 * kSegmentBytes, 64 * 1024), ByteRange(base, 2 * kUnitBytes));
  EXPECT_TRUE(index.any_held(*make(2), 0, 64 * 1024).empty());
}

RC_GTEST_PROP(DiskIndexRuns, AreWhatASetOfUnitsSays, ()) {
  const std::uint64_t units = *rc::gen::inRange<std::uint64_t>(1, 40);
  const std::uint64_t size = units * kUnitBytes - *rc::gen::inRange<std::uint64_t>(0, kUnitBytes);
  DiskIndex index;
  const auto entry = index.create(DiskName(1, 1), header_of(size));
  std::set<std::uint64_t> held;
  for (std::uint64_t unit = 0; unit < units; ++unit) {
    if (!*rc::gen::arbitrary<bool>()) continue;
    held.insert(unit);
    index.prepare(*entry, ByteRange(unit * kUnitBytes, 1));
    index.set_sum(*entry, unit, unit + 1);
  }
  const std::uint64_t offset = *rc::gen::inRange<std::uint64_t>(0, size);
  const std::uint64_t end = *rc::gen::inRange<std::uint64_t>(offset + 1, size + 1);
  const std::uint64_t worth = *rc::gen::inRange<std::uint64_t>(1, 4) * kUnitBytes;
  std::uint64_t until = offset;
  while (until < end && held.contains(until / kUnitBytes))
    until = std::min(end, (until / kUnitBytes + 1) * kUnitBytes);
  RC_ASSERT(index.held_until(*entry, offset, end) == until);
  // From the first run that is long enough or reaches the end on, nothing is asked of the network.
  std::uint64_t expected = end;
  for (std::uint64_t at = offset; at < end; at = (at / kUnitBytes + 1) * kUnitBytes) {
    std::uint64_t run = at;
    while (run < end && held.contains(run / kUnitBytes))
      run = std::min(end, (run / kUnitBytes + 1) * kUnitBytes);
    if (run > at && (run == end || run - at >= worth)) {
      expected = at;
      break;
    }
    if (run > at) at = run - 1;
  }
  RC_ASSERT(index.missing_until(*entry, offset, end, worth) == expected);
}

}  // namespace
}  // namespace balancefs::test
