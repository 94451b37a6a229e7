#include "io/read_window.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "io/frame_memory.h"

namespace balancefs::test {
namespace {

constexpr std::uint64_t kKiB = 1024;
constexpr std::uint64_t kMiB = 1024 * 1024;
const ReadWindow::Allowance kPlenty(1024 * kMiB, 4);

/// All that the window wants fetched ahead after a read, which is taken as fetched.
std::uint64_t fetch_ahead(ReadWindow& window) {
  std::uint64_t bytes = 0;
  for (ByteRange part = window.next(); !part.empty(); part = window.next()) {
    bytes += part.length;
    window.fetched_until(part.end());
  }
  return bytes;
}

TEST(ReadWindow, TheFirstReadIsRoundedToTheGridAndNothingIsFetchedAhead) {
  ReadWindow window(100 * kMiB);
  EXPECT_EQ(window.read(ByteRange(70'000, 100), kPlenty), 96 * kKiB);
  EXPECT_EQ(fetch_ahead(window), 0u);
  EXPECT_FALSE(window.streaming());
}

TEST(ReadWindow, NothingReachesBeyondTheEndOfTheFile) {
  ReadWindow window(100'001);
  EXPECT_EQ(window.read(ByteRange(99'000, 1001), kPlenty), 100'001u);
}

TEST(ReadWindow, ASequentialReaderIsReadAheadByTwiceWhatItConsumed) {
  ReadWindow window(1024 * kMiB);
  std::uint64_t fetched = 0;
  for (std::uint64_t at = 0; at < 4 * kMiB; at += 128 * kKiB) {
    fetched = std::max(fetched, window.read(ByteRange(at, 128 * kKiB), kPlenty));
    window.fetched_until(fetched);
    fetched += fetch_ahead(window);
    EXPECT_LE(fetched, 3 * (at + 128 * kKiB));
  }
  EXPECT_GT(fetched, 8 * kMiB);
}

TEST(ReadWindow, PartsGrowToEightMebibytesAndTheWindowToAsManyAsAreAllowed) {
  ReadWindow window(1024 * kMiB);
  std::uint64_t largest = 0;
  std::uint64_t frontier = 0;
  for (std::uint64_t at = 0; at < 128 * kMiB; at += 128 * kKiB) {
    frontier = std::max(frontier, window.read(ByteRange(at, 128 * kKiB), kPlenty));
    window.fetched_until(frontier);
    for (ByteRange part = window.next(); !part.empty(); part = window.next()) {
      largest = std::max(largest, part.length);
      frontier = part.end();
      window.fetched_until(frontier);
    }
    ASSERT_LE(frontier, at + 128 * kKiB + 4 * ReadWindow::kMostPart);
  }
  EXPECT_EQ(largest, ReadWindow::kMostPart);
  EXPECT_GT(frontier, 128 * kMiB + 24 * kMiB - 1);
}

TEST(ReadWindow, ALittleMemoryMakesASmallWindow) {
  ReadWindow window(1024 * kMiB);
  std::uint64_t frontier = 0;
  for (std::uint64_t at = 0; at < 16 * kMiB; at += 128 * kKiB) {
    frontier =
        std::max(frontier, window.read(ByteRange(at, 128 * kKiB), ReadWindow::Allowance(512 * kKiB, 4)));
    window.fetched_until(frontier);
    frontier += fetch_ahead(window);
    ASSERT_LE(frontier, at + 128 * kKiB + 512 * kKiB);
  }
}

TEST(ReadWindow, APartAfterAJumpEndsOnTheGridWhateverTheAllowance) {
  const ReadWindow::Allowance odd(300'001, 4);
  ReadWindow window(1024 * kMiB);
  for (std::uint64_t at = 0; at < 9 * kMiB; at += 128 * kKiB) window.read(ByteRange(at, 128 * kKiB), odd);
  EXPECT_EQ(window.read(ByteRange(500 * kMiB, 4096), odd), 500 * kMiB + 288 * kKiB);
}

TEST(ReadWindow, AStreamThatManyReadsPassByIsOver) {
  ReadWindow window(1024 * kMiB);
  for (std::uint64_t at = 0; at < 8 * kMiB; at += 128 * kKiB) {
    window.read(ByteRange(at, 128 * kKiB), kPlenty);
    fetch_ahead(window);
  }
  const ByteRange ahead(12 * kMiB, kMiB);
  EXPECT_TRUE(window.wants(ahead));
  for (std::uint64_t i = 1; i <= 20; ++i) window.read(ByteRange(i * 50 * kMiB, 4096), kPlenty);
  EXPECT_FALSE(window.wants(ahead));
  EXPECT_FALSE(window.streaming());
}

TEST(ReadWindow, SingleReadsDoNotDisplaceAStream) {
  ReadWindow window(1024 * kMiB);
  std::uint64_t position = 0;
  for (; position < kMiB; position += 128 * kKiB) window.read(ByteRange(position, 128 * kKiB), kPlenty);
  for (std::uint64_t i = 0; i < 200; ++i) {
    window.read(ByteRange(position, 128 * kKiB), kPlenty);
    fetch_ahead(window);
    position += 128 * kKiB;
    for (std::uint64_t k = 0; k < 9; ++k) {
      window.read(ByteRange(300 * kMiB + ((i * 9 + k) * 37 % 300) * 2 * kMiB, 4096), kPlenty);
    }
  }
  window.read(ByteRange(position, 128 * kKiB), kPlenty);
  EXPECT_TRUE(window.streaming());
  EXPECT_TRUE(window.wants(ByteRange(position + 8 * kMiB, kMiB)));
}

// Every byte asked is in what the window lets be fetched for it, and nothing is fetched further from the
// reader than its limit, whatever the order of reads.
RC_GTEST_PROP(ReadWindowProperty, EveryByteAskedIsFetchedAndNoneBeyondTheBound, ()) {
  const auto size = *rc::gen::inRange<std::uint64_t>(1, 64 * kMiB);
  const auto limit = *rc::gen::element<std::uint64_t>(0, 128 * kKiB, 300'001, kMiB, 5'000'000, 1024 * kMiB);
  const auto parts = *rc::gen::inRange<std::uint32_t>(2, 13);
  ReadWindow::Allowance allowed(limit, parts);
  allowed.limit = *rc::gen::element<std::uint64_t>(0, 100'000, 3 * kMiB);
  ReadWindow window(size);
  std::uint64_t last_end = 0;
  std::uint64_t furthest = 0;
  std::uint64_t asked_bytes = 0;
  std::uint64_t ahead_bytes = 0;
  const auto reads = *rc::gen::inRange(1, 60);
  for (int i = 0; i < reads; ++i) {
    const bool sequential = *rc::gen::inRange(0, 4) > 0 && last_end < size;
    const auto offset = sequential ? last_end : *rc::gen::inRange<std::uint64_t>(0, size);
    const auto most = std::min<std::uint64_t>(size - offset, kMiB);
    const auto length = *rc::gen::inRange<std::uint64_t>(1, most + 1);
    const ByteRange asked(offset, length);
    const std::uint64_t reach = window.read(asked, allowed);
    furthest = std::max(furthest, asked.end());
    const std::uint64_t ahead = std::min(limit, parts * ReadWindow::kMostPart);
    const std::uint64_t bound = std::min(size, round_up(furthest, kUnitBytes) + ahead);
    RC_ASSERT(reach >= asked.end());
    RC_ASSERT(reach <= bound);
    RC_ASSERT(reach % kUnitBytes == 0 || reach == size);
    window.fetched_until(reach);
    asked_bytes += length;
    last_end = asked.end();
    std::uint64_t previous = 0;
    for (ByteRange part = window.next(); !part.empty(); part = window.next()) {
      RC_ASSERT(part.offset % kUnitBytes == 0);
      RC_ASSERT(part.offset >= previous);
      RC_ASSERT(part.length <= ReadWindow::kMostPart);
      RC_ASSERT(part.end() <= bound);
      previous = part.end();
      ahead_bytes += part.length;
      window.fetched_until(part.end());
      RC_ASSERT(window.wants(part));
    }
  }
  // At most twice what was consumed is in front of each stream at any time; a stream that is left and come
  // back to may pay again.
  RC_ASSERT(ahead_bytes <= 4 * asked_bytes + static_cast<std::uint64_t>(reads) * kFrameBytes);
}

}  // namespace
}  // namespace balancefs::test
