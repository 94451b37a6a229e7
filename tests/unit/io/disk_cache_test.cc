#include "io/disk_cache.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "unit/io/disk_reading.h"

namespace balancefs::test {
namespace {

std::uint64_t blocks_of(const std::vector<std::string>& files) {
  std::uint64_t bytes = 0;
  for (const std::string& file : files) {
    struct stat info{};
    if (::stat(file.c_str(), &info) == 0) bytes += static_cast<std::uint64_t>(info.st_blocks) * 512;
  }
  return bytes;
}

TEST_F(DiskReading, WhatWasReadIsReadAgainAfterARestartWithoutAsking) {
  storage.add_file("a", 3 * kMiB + 17);
  start();
  keep("a");
  restart();
  const int asked = storage.counts.read;
  EXPECT_TRUE(reads_whole("a"));
  EXPECT_EQ(storage.counts.read, asked);
  EXPECT_EQ(disk().read, 3 * kMiB + 17);
  EXPECT_EQ(disk().written, 0u) << "what is there is not written again";
}

TEST_F(DiskReading, WhatWasWrittenIsThereAfterACrash) {
  storage.add_file("a", 5 * kMiB);
  start();
  keep("a");
  crash();
  const int asked = storage.counts.read;
  EXPECT_TRUE(reads_whole("a"));
  EXPECT_EQ(storage.counts.read, asked);
}

TEST_F(DiskReading, ACrashInTheMiddleOfWritingLosesNothingButTime) {
  storage.add_file("a", 40 * kMiB, 3);
  start();
  auto reader = open("a");
  for (std::uint64_t at = 0; at < 30 * kMiB; at += 128 * kKiB)
    ASSERT_TRUE(is_ramp(read(*reader, at, 128 * kKiB), at, 128 * kKiB, 3));
  const std::string after = scratch.path("after");
  copy_now(after);
  reader.reset();
  stop();
  place = after;
  start();
  EXPECT_TRUE(reads_whole("a", 3));
  EXPECT_EQ(disk().damaged, 0u);
}

TEST_F(DiskReading, OnlyWhatIsMissingIsAskedFor) {
  storage.add_file("a", 8 * kMiB);
  start();
  {
    const auto reader = open("a");
    EXPECT_TRUE(is_ramp(read(*reader, 4 * kMiB, 64 * kKiB), 4 * kMiB, 64 * kKiB, 0));
    written(64 * kKiB);
  }
  restart();
  const auto reader = open("a");
  const std::uint64_t before = storage.counts.bytes;
  EXPECT_TRUE(is_ramp(read(*reader, 4 * kMiB, 32 * kKiB), 4 * kMiB, 32 * kKiB, 0));
  EXPECT_EQ(storage.counts.bytes, before);
  EXPECT_TRUE(is_ramp(read(*reader, 1 * kMiB, 32 * kKiB), 1 * kMiB, 32 * kKiB, 0));
  EXPECT_GT(storage.counts.bytes, before);
}

TEST_F(DiskReading, AChangedFileIsNeverServedFromTheOldBlocks) {
  storage.add_file("a", 2 * kMiB, 1);
  start();
  keep("a", 1);
  restart();
  storage.add_file("a", 2 * kMiB, 2, 2);
  EXPECT_TRUE(reads_whole("a", 2));
  run_until([this] { return files(".data").size() == 1; });
  written(2 * kMiB);
  restart();
  EXPECT_TRUE(reads_whole("a", 2));
}

TEST_F(DiskReading, AChangeThatNoListingShowedEndsTheBlocksWithTheVersion) {
  listed = Validator("\"as listed\"", std::nullopt);
  storage.add_file("a", 8 * kMiB, 1);
  start();
  {
    const auto reader = open("a");
    EXPECT_TRUE(is_ramp(read(*reader, 0, 64 * kKiB), 0, 64 * kKiB, 1));
    written(64 * kKiB);
  }
  restart();
  storage.add_file("a", 8 * kMiB, 2, 2);
  {
    const auto reader = open("a");
    EXPECT_TRUE(is_ramp(read(*reader, 0, 64 * kKiB), 0, 64 * kKiB, 1)) << "nobody knows yet";
    const auto more = read(*reader, 4 * kMiB, 64 * kKiB);
    ASSERT_FALSE(more) << "bytes of two states in one handle";
    EXPECT_EQ(more.error().kind, ErrorKind::changed);
  }
  EXPECT_TRUE(reads_whole("a", 2)) << "the listing looks the same";
}

TEST_F(DiskReading, AVersionThatFollowsLeavesTheOldBlocks) {
  listed = Validator("\"as listed\"", std::nullopt);
  storage.add_file("a", 8 * kMiB, 1);
  start();
  {
    const auto reader = open("a");
    EXPECT_TRUE(is_ramp(read(*reader, 0, 64 * kKiB), 0, 64 * kKiB, 1));
    written(64 * kKiB);
  }
  restart();
  storage.add_file("a", 8 * kMiB, 2, 2);
  const auto reader = open("a");
  EXPECT_TRUE(is_ramp(read(*reader, 4 * kMiB, 64 * kKiB), 4 * kMiB, 64 * kKiB, 2));
  EXPECT_TRUE(is_ramp(read(*reader, 0, 64 * kKiB), 0, 64 * kKiB, 2));
}

TEST_F(DiskReading, DamagedBlocksAreFetchedAgainAndMended) {
  storage.add_file("a", 4 * kMiB, 9);
  start();
  keep("a", 9);
  stop();
  for (const std::uint64_t at : {5ul, 1'000'000ul, 2'500'000ul, 4 * kMiB - 1}) flip(files(".data").at(0), at);
  start();
  EXPECT_TRUE(reads_whole("a", 9));
  EXPECT_EQ(disk().damaged, 4u);
  written(4 * kUnitBytes);
  restart();
  const int asked = storage.counts.read;
  EXPECT_TRUE(reads_whole("a", 9));
  EXPECT_EQ(storage.counts.read, asked);
}

TEST_F(DiskReading, DamagedChecksumsAreDamagedBlocks) {
  storage.add_file("a", 4 * kMiB, 9);
  start();
  keep("a", 9);
  stop();
  flip(files(".index").at(0), kDiskPage + 3);
  flip(files(".index").at(0), kDiskPage + 8 * 100 + 1);
  start();
  EXPECT_TRUE(reads_whole("a", 9));
  EXPECT_EQ(disk().damaged, 2u);
}

TEST_F(DiskReading, ADamagedHeaderDropsTheEntry) {
  storage.add_file("a", kMiB, 9);
  start();
  keep("a", 9);
  stop();
  flip(files(".index").at(0), 50);
  start();
  EXPECT_TRUE(reads_whole("a", 9));
  run_until([this] { return disk().entries == 1 && files(".index").size() == 1; });
}

TEST_F(DiskReading, TheSizeIsKeptAndTheLatestStays) {
  constexpr std::uint64_t kLimit = 48 * kMiB;
  storage.add_file("film", 120 * kMiB, 4);
  start(kLimit);
  {
    const auto reader = open("film");
    for (std::uint64_t at = 0; at < 120 * kMiB; at += kMiB) {
      ASSERT_TRUE(is_ramp(read(*reader, at, kMiB), at, kMiB, 4));
      run_until([this] { return disk().queued == 0; });
      ASSERT_LE(disk().used, kLimit);
      ASSERT_LE(blocks_of(files(".data")) + blocks_of(files(".index")), kLimit);
    }
    run_until([this] { return disk().written + disk().skipped >= 120 * kMiB; });
  }
  EXPECT_GT(disk().evicted, 60 * kMiB);
  EXPECT_GT(disk().used, kLimit / 2);
  restart(kLimit);
  const auto reader = open("film");
  const std::uint64_t before = storage.counts.bytes;
  EXPECT_TRUE(is_ramp(read(*reader, 119 * kMiB, kMiB), 119 * kMiB, kMiB, 4));
  EXPECT_EQ(storage.counts.bytes, before);
}

TEST_F(DiskReading, WhatWasUsedLongestAgoGoesFirstAlsoAfterARestart) {
  constexpr std::uint64_t kLimit = 40 * kMiB;
  for (const char* name : {"a", "b", "c"}) storage.add_file(name, 12 * kMiB);
  start(kLimit);
  keep("a");
  keep("b");
  stop();
  start(kLimit);
  EXPECT_TRUE(reads_whole("a"));  // more recently than b
  stop();
  storage.add_file("d", 12 * kMiB);
  start(kLimit);
  keep("c");
  keep("d");
  restart(kLimit);
  int asked = storage.counts.read;
  EXPECT_TRUE(reads_whole("a"));
  EXPECT_EQ(storage.counts.read, asked);
  EXPECT_TRUE(reads_whole("b"));
  EXPECT_GT(storage.counts.read, asked) << "b had to go";
}

TEST_F(DiskReading, WithoutAValidatorNothingIsKept) {
  listed = Validator();
  storage.add_file("a", kMiB);
  start();
  EXPECT_TRUE(reads_whole("a"));
  stop();
  EXPECT_TRUE(files(".data").empty());
}

TEST_F(DiskReading, AFolderInUseLeavesEverythingInMemory) {
  const OpenedFolder other = open_disk_folder(place);
  ASSERT_EQ(other.state, OpenedFolder::State::open);
  storage.add_file("a", kMiB);
  start();
  EXPECT_EQ(disk().state, DiskSnapshot::State::off);
  EXPECT_TRUE(reads_whole("a"));
  stop();
  EXPECT_TRUE(files(".data").empty());
}

TEST_F(DiskReading, AForeignFolderIsLeftAsItIs) {
  std::filesystem::create_directory(place);
  std::ofstream(place + "/mine.txt") << "mine";
  storage.add_file("a", kMiB);
  start();
  EXPECT_EQ(disk().state, DiskSnapshot::State::off);
  EXPECT_TRUE(reads_whole("a"));
  stop();
  EXPECT_TRUE(std::filesystem::exists(place + "/mine.txt"));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(place), {}), 1);
}

TEST_F(DiskReading, AFolderThatIsEmptiedUnderItIsNoTrouble) {
  storage.add_file("a", 4 * kMiB, 2);
  storage.add_file("b", 4 * kMiB, 3);
  start();
  keep("a", 2);
  restart();
  const auto reader = open("a");
  EXPECT_TRUE(is_ramp(read(*reader, 0, 64 * kKiB), 0, 64 * kKiB, 2));
  for (const std::string& file : files(".data")) std::filesystem::remove(file);
  for (const std::string& file : files(".index")) std::filesystem::remove(file);
  EXPECT_TRUE(is_ramp(read(*reader, 3 * kMiB, 64 * kKiB), 3 * kMiB, 64 * kKiB, 2));
  keep("b", 3);
  EXPECT_EQ(files(".data").size(), 2u) << "both are kept anew";
}

TEST_F(DiskReading, AnOutageServesWhatIsThere) {
  storage.add_file("a", 2 * kMiB, 6);
  start();
  keep("a", 6);
  restart();
  storage.fail_everything = Error(ErrorKind::unavailable, "down");
  EXPECT_TRUE(reads_whole("a", 6));
}

TEST_F(DiskReading, TwoHandlesOfOneVersionShareWhatIsKnown) {
  storage.add_file("a", 2 * kMiB, 6);
  start();
  const auto version = version_of("a");
  const auto one = open(version);
  EXPECT_TRUE(is_ramp(read(*one, 0, kMiB), 0, kMiB, 6));
  const auto two = open(version);
  EXPECT_TRUE(is_ramp(read(*two, kMiB, kMiB), kMiB, kMiB, 6));
  written(2 * kMiB);
  EXPECT_EQ(files(".data").size(), 1u);
}

TEST_F(DiskReading, AnOlderVersionThatIsStillOpenKeepsItsBlocks) {
  storage.add_file("a", 2 * kMiB, 1);
  start();
  keep("a", 1);
  restart();
  const auto old = open("a");
  EXPECT_TRUE(is_ramp(read(*old, 0, 64 * kKiB), 0, 64 * kKiB, 1));
  storage.add_file("a", 2 * kMiB, 2, 2);
  EXPECT_TRUE(reads_whole("a", 2));
  EXPECT_TRUE(is_ramp(read(*old, kMiB, 64 * kKiB), kMiB, 64 * kKiB, 1));
}

}  // namespace
}  // namespace balancefs::test
