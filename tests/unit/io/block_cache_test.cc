#include "io/block_cache.h"

#include <gtest/gtest.h>

#include <cstring>

#include "support/ramp_bytes.h"
#include "support/test_loop.h"

namespace balancefs::test {
namespace {

using namespace std::chrono_literals;

class BlockCacheTest : public testing::Test {
 protected:
  std::shared_ptr<Version> version(std::uint64_t id, std::uint64_t size = 10 * kFrameBytes) {
    ObjectInfo info;
    info.size = size;
    auto made = std::make_shared<Version>(id, *Path::parse("file"), std::vector<ObjectInfo>(1, info));
    EXPECT_TRUE(made->confirm("0/direct/host", Validator("\"tag\"", std::nullopt)).has_value());
    return made;
  }
  /// A frame with `units` of it held.
  FramePin fill(BlockSet& set, std::uint64_t index, std::uint8_t units = 0b1111) {
    auto grant = budget.try_demand(1);
    EXPECT_TRUE(grant.has_value());
    FramePin pin = set.create(index, *grant);
    const std::string bytes = ramp_bytes(index * kFrameBytes, kFrameBytes);
    std::memcpy(pin->data, bytes.data(), bytes.size());
    pin->held = units;
    return pin;
  }
  TestLoop t;
  MemoryBudget budget{8, t.clock, 60s};
  BlockCache cache{budget};
};

TEST_F(BlockCacheTest, HandlesOfAVersionShareItsBlocks) {
  auto file = version(1);
  auto one = cache.open(file);
  auto two = cache.open(file);
  EXPECT_EQ(one, two);
  fill(*one, 3).reset();
  EXPECT_NE(two->find(3), nullptr);
  cache.close(*one);
  cache.close(*two);
  EXPECT_EQ(cache.frames(), 1u) << "blocks wait for the next open";
  EXPECT_EQ(cache.versions(), 1u);
}

TEST_F(BlockCacheTest, TheLeastRecentlyUsedFrameGoesFirstOverAllVersions) {
  auto one = cache.open(version(1));
  auto two = cache.open(version(2));
  for (std::uint64_t i = 0; i < 4; ++i) fill(*one, i).reset();
  for (std::uint64_t i = 0; i < 4; ++i) fill(*two, i).reset();
  FramePin(*one->find(0)).reset();  // used again
  auto grant = budget.try_demand(4);
  ASSERT_TRUE(grant.has_value());
  EXPECT_NE(one->find(0), nullptr);
  EXPECT_EQ(one->find(1), nullptr);
  EXPECT_EQ(one->find(3), nullptr);
  EXPECT_EQ(two->find(0), nullptr);
  EXPECT_NE(two->find(1), nullptr);
  cache.close(*one);
  cache.close(*two);
}

TEST_F(BlockCacheTest, PinnedFramesAreNeverReclaimed) {
  auto set = cache.open(version(1));
  FramePin pin = fill(*set, 0);
  fill(*set, 1).reset();
  EXPECT_EQ(cache.reclaimable(), 1u);
  EXPECT_TRUE(budget.try_demand(7).has_value());
  EXPECT_FALSE(budget.try_demand(8).has_value());
  EXPECT_NE(set->find(0), nullptr);
  pin.reset();
  EXPECT_TRUE(budget.try_demand(8).has_value());
  cache.close(*set);
}

TEST_F(BlockCacheTest, AFrameThatHoldsNothingGoesWithItsLastPin) {
  auto set = cache.open(version(1));
  fill(*set, 0, 0).reset();
  EXPECT_EQ(set->find(0), nullptr);
  EXPECT_EQ(budget.used(), 0u);
  cache.close(*set);
  EXPECT_EQ(cache.versions(), 0u);
}

TEST_F(BlockCacheTest, DroppedFramesLiveAsLongAsTheirPins) {
  auto set = cache.open(version(1));
  FramePin pin = fill(*set, 0);
  fill(*set, 1).reset();
  cache.drop(*set);
  EXPECT_EQ(set->find(0), nullptr);
  EXPECT_EQ(budget.used(), 1u);
  EXPECT_EQ(std::to_integer<int>(pin->data[5]), 5);
  FramePin fresh = fill(*set, 0, 0b0001);
  pin.reset();
  EXPECT_NE(set->find(0), nullptr) << "the new frame of that index is another one";
  fresh.reset();
  cache.close(*set);
}

TEST_F(BlockCacheTest, NothingIsKeptOfAVersionThatEndedOrHasNoValidator) {
  auto file = version(1);
  auto set = cache.open(file);
  fill(*set, 0).reset();
  file->end();
  cache.close(*set);
  EXPECT_EQ(budget.used(), 0u);
  EXPECT_EQ(file->held(), set.get());
  set.reset();
  EXPECT_EQ(file->held(), nullptr);
}

TEST_F(BlockCacheTest, SamplesEndWhereAMemberIsToContinue) {
  auto set = cache.open(version(1));
  fill(*set, 1, 0b0110).reset();
  const std::uint64_t start = kFrameBytes + kUnitBytes;
  const auto before = set->sample_near(start + 2 * kUnitBytes, 64 * 1024);
  ASSERT_TRUE(before.has_value());
  EXPECT_EQ(before->offset, start);
  EXPECT_TRUE(is_ramp(before->bytes, before->offset));
  const auto short_one = set->sample_near(start + 1000, 64 * 1024);
  EXPECT_EQ(short_one->offset, start);
  EXPECT_EQ(short_one->bytes.size(), 1000u);
  const auto other = set->sample_near(start, 64 * 1024);
  EXPECT_EQ(other->offset, start) << "nothing ends there: any other held bytes";
  EXPECT_EQ(other->bytes.size(), 64u * 1024);
  cache.close(*set);
  cache.drop_unused();
  EXPECT_EQ(budget.used(), 0u);
}

TEST_F(BlockCacheTest, BytesOfATransferUnderWayAreASampleElsewhere) {
  auto set = cache.open(version(1));
  FramePin pin = fill(*set, 5, 0);
  Fill filling;
  filling.position = 5 * kFrameBytes + kUnitBytes + 100;
  pin->filling[1] = &filling;
  const auto sample = set->sample_near(0, 64 * 1024);
  ASSERT_TRUE(sample.has_value());
  EXPECT_EQ(sample->offset, 5 * kFrameBytes + kUnitBytes);
  EXPECT_EQ(sample->bytes.size(), 100u);
  pin.reset();
  cache.close(*set);
}

TEST_F(BlockCacheTest, BytesOfATransferThatWasCutOffAdjoinWhatComesNext) {
  auto set = cache.open(version(1));
  FramePin pin = fill(*set, 0, 0b0001);
  Fill under_way;
  under_way.position = kUnitBytes + 100;
  pin->filling[1] = &under_way;
  const auto sample = set->sample_near(kUnitBytes + 100, 1000);
  ASSERT_TRUE(sample.has_value());
  EXPECT_EQ(sample->offset + sample->bytes.size(), kUnitBytes + 100);
  EXPECT_EQ(sample->bytes.size(), 1000u);
  EXPECT_EQ(set->readable_until(10, kFrameBytes), kUnitBytes + 100);
  pin->filling[1] = nullptr;
  pin.reset();
  cache.close(*set);
}

}  // namespace
}  // namespace balancefs::test
