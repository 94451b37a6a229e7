// What foresight costs and saves, counted in requests and bytes.
#include "unit/io/reading.h"

namespace balancefs::test {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kFile = 24 * kMiB;

class ForesightReading : public Reading {
 protected:
  ForesightReading() : Reading(256 * kMiB) { storage.latency = 40ms; }

  std::string add(int number) {
    const std::string name = "film" + std::to_string(number) + ".mkv";
    storage.add_file(name, kFile, static_cast<std::uint32_t>(number));
    return name;
  }
  void read_range(FileReader& reader, std::uint64_t from, std::uint64_t size, int number) {
    for (std::uint64_t at = from; at < from + size; at += 128 * kKiB) {
      const std::size_t piece = std::min(128 * kKiB, from + size - at);
      ASSERT_TRUE(is_ramp(read(reader, at, piece), at, piece, static_cast<std::uint32_t>(number)));
    }
  }
  /// As a media scanner does.
  void look(int number) {
    auto reader = open(add(number));
    read_range(*reader, 0, kMiB, number);
    read_range(*reader, kFile - 256 * kKiB, 256 * kKiB, number);
    read_range(*reader, kFile / 2, 64 * kKiB, number);
    reader.reset();
    t.pass(1s);
  }
  void copy(int number) {
    auto reader = open(add(number));
    read_range(*reader, 0, kFile, number);
    reader.reset();
    t.pass(1s);
  }
  struct Cost {
    int requests;
    std::uint64_t bytes;
    Duration time;
  };
  Cost since_last() {
    const Cost now{storage.counts.read, storage.counts.bytes, t.clock.now() - TimePoint()};
    const Cost cost{now.requests - last.requests, now.bytes - last.bytes, now.time - last.time};
    last = now;
    return cost;
  }
  Cost last{0, 0, Duration(0)};
};

// SEMANTICS: "where they were looked at by their tail too, the tail (1 MiB at most) is fetched together with
// the head"
TEST_F(ForesightReading, TheTailComesWithTheHeadOnceScannersAreKnown) {
  for (int i = 0; i < 3; ++i) look(i);
  since_last();
  auto reader = open(add(3));
  ASSERT_TRUE(is_ramp(read(*reader, 0, 128 * kKiB), 0, 128 * kKiB, 3));
  t.pass(200ms);
  since_last();
  read_range(*reader, 128 * kKiB, kMiB - 128 * kKiB, 3);
  read_range(*reader, kFile - 256 * kKiB, 256 * kKiB, 3);
  const Cost cost = since_last();
  EXPECT_EQ(cost.requests, 0) << "all of it came with the first read";
}

TEST_F(ForesightReading, ALookCostsFourRequestsAndHardlyAByteMoreThanItReads) {
  for (int i = 0; i < 4; ++i) look(i);
  since_last();
  for (int i = 4; i < 24; ++i) look(i);
  const Cost cost = since_last();
  EXPECT_LE(cost.requests, 20 * 4);
  EXPECT_LE(cost.bytes, 20 * (kMiB + 256 * kKiB + 64 * kKiB));
}

TEST_F(ForesightReading, ACopyFetchesEveryByteOnceEvenAfterScanners) {
  for (int i = 0; i < 4; ++i) look(i);
  since_last();
  for (int i = 4; i < 8; ++i) {
    copy(i);
    EXPECT_EQ(since_last().bytes, kFile) << "copy " << i;
  }
}

TEST_F(ForesightReading, CopiesAloneNeverAskForATail) {
  for (int i = 0; i < 6; ++i) copy(i);
  since_last();
  const std::size_t before = storage.counts.ranges.size();
  auto reader = open(add(6));
  ASSERT_TRUE(is_ramp(read(*reader, 0, 128 * kKiB), 0, 128 * kKiB, 6));
  t.pass(200ms);
  for (std::size_t i = before; i < storage.counts.ranges.size(); ++i) {
    EXPECT_LT(storage.counts.ranges[i].offset, 2 * kMiB);
  }
  EXPECT_LE(since_last().bytes, 2 * kMiB);
}

TEST_F(ForesightReading, RandomReadersOfAScannedKindPayNothing) {
  for (int i = 0; i < 4; ++i) look(i);
  since_last();
  auto reader = open(add(9));
  for (std::uint64_t i = 1; i < 20; ++i) {
    const std::uint64_t at = (i * 7 % 23) * kMiB + i * 4096;
    ASSERT_TRUE(is_ramp(read(*reader, at, 4096), at, 4096, 9));
  }
  t.pass(200ms);
  EXPECT_LE(since_last().bytes, 19 * 64 * kKiB);
}

TEST_F(ForesightReading, AFileThatIsClosedBeforeItsTailCameLeavesNothing) {
  for (int i = 0; i < 4; ++i) look(i);
  auto reader = open(add(11));
  ASSERT_TRUE(is_ramp(read(*reader, 0, 128 * kKiB), 0, 128 * kKiB, 11));
  reader.reset();
  t.pass(200ms);
  EXPECT_EQ(engine.snapshot().parts, 0u);
}

}  // namespace
}  // namespace balancefs::test
