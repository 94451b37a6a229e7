#include "io/file_reader.h"

#include "unit/io/reading.h"

namespace balancefs::test {
namespace {

using namespace std::chrono_literals;

class FileReaderTest : public Reading {
 protected:
  FileReaderTest() {
    storage.add_file("small", 100'000, 3);
    storage.add_file("large", 256 * kMiB, 7);
    storage.add_file("empty", 0);
  }
  void expect_read(FileReader& reader, std::uint64_t offset, std::size_t size, std::uint32_t seed) {
    const auto bytes = read(reader, offset, size);
    ASSERT_TRUE(bytes.has_value()) << bytes.error().text;
    ASSERT_EQ(bytes->size(), size);
    EXPECT_TRUE(*bytes == ramp_bytes(offset, size, seed)) << "wrong bytes at " << offset;
  }
};

TEST_F(FileReaderTest, AnswersAreFullLengthAndShorterOnlyAtTheEnd) {
  auto reader = open("small");
  EXPECT_TRUE(is_ramp(read(*reader, 0, 10), 0, 10, 3));
  EXPECT_TRUE(is_ramp(read(*reader, 99'990, 4096), 99'990, 10, 3));
  EXPECT_EQ(*read(*reader, 100'000, 4096), "");
  EXPECT_EQ(*read(*reader, 5'000'000, 4096), "");
  EXPECT_EQ(*read(*reader, 0, 0), "");
  EXPECT_TRUE(is_ramp(read(*reader, 0, kMiB), 0, 100'000, 3));
}

TEST_F(FileReaderTest, AnEmptyFileCostsNoRequest) {
  auto reader = open("empty");
  EXPECT_EQ(*read(*reader, 0, 4096), "");
  EXPECT_EQ(storage.counts.read, 0);
}

TEST_F(FileReaderTest, TheFirstReadFetchesWhatWasAskedOnTheUnitGrid) {
  auto reader = open("large");
  expect_read(*reader, 70'000, 1000, 7);
  ASSERT_EQ(storage.counts.ranges.size(), 1u);
  EXPECT_EQ(storage.counts.ranges[0], ByteRange(64 * kKiB, 32 * kKiB));
}

TEST_F(FileReaderTest, UnalignedReadsAcrossFramesAreRight) {
  auto reader = open("large");
  for (const std::uint64_t offset :
       {std::uint64_t{131'071}, std::uint64_t{1'000'003}, std::uint64_t{262'143}}) {
    expect_read(*reader, offset, 131'075, 7);
  }
}

TEST_F(FileReaderTest, RandomReadsFetchLittle) {
  auto reader = open("large");
  std::uint64_t offset = 1;
  for (int i = 0; i < 50; ++i) {
    offset = (offset * 48'271 + 11) % (250 * kMiB);
    expect_read(*reader, offset, 4096, 7);
  }
  EXPECT_LE(storage.counts.read, 51);
  EXPECT_LE(storage.counts.bytes, 50u * 64 * kKiB);
}

TEST_F(FileReaderTest, ASequentialReadTakesFewRequestsSeveralAtOnce) {
  storage.latency = 5ms;
  auto reader = open("large");
  for (std::uint64_t at = 0; at < 64 * kMiB; at += 128 * kKiB) expect_read(*reader, at, 128 * kKiB, 7);
  EXPECT_LE(storage.counts.bytes, (64 + 32) * kMiB);
  EXPECT_LE(storage.counts.read, 64 / 8 + 4 + 20);
  EXPECT_GE(storage.counts.most_running, 3);
}

TEST_F(FileReaderTest, AWholeFileIsFetchedOnce) {
  storage.add_file("medium", 20 * kMiB + 77, 5);
  auto reader = open("medium");
  for (std::uint64_t at = 0; at < 20 * kMiB; at += 128 * kKiB) expect_read(*reader, at, 128 * kKiB, 5);
  expect_read(*reader, 20 * kMiB, 77, 5);
  EXPECT_EQ(storage.counts.bytes, 20 * kMiB + 77);
}

TEST_F(FileReaderTest, NeighboursOutOfOrderAreOneStream) {
  auto reader = open("large");
  for (std::uint64_t at = 0; at < 16 * kMiB; at += 512 * kKiB) {
    for (const std::uint64_t step : {1u, 0u, 3u, 2u})
      expect_read(*reader, at + step * 128 * kKiB, 128 * kKiB, 7);
  }
  EXPECT_LE(storage.counts.bytes, (16 + 32) * kMiB);
  EXPECT_LE(storage.counts.read, 30);
}

TEST_F(FileReaderTest, ASlowReaderDoesNotFetchTheWholeFile) {
  auto reader = open("large");
  for (std::uint64_t at = 0; at < kMiB; at += 128 * kKiB) {
    expect_read(*reader, at, 128 * kKiB, 7);
    t.pass(10s, 1s);
  }
  EXPECT_LE(storage.counts.bytes, 3 * kMiB);
}

TEST_F(FileReaderTest, SkippingAheadWithinTheWindowCostsNoRequest) {
  auto reader = open("large");
  for (std::uint64_t at = 0; at < 8 * kMiB; at += 128 * kKiB) expect_read(*reader, at, 128 * kKiB, 7);
  t.settle();
  const std::uint64_t bytes = storage.counts.bytes;
  expect_read(*reader, 9 * kMiB, 4096, 7);
  expect_read(*reader, 7 * kMiB + 500 * kKiB, 4096, 7);
  t.settle();
  std::uint64_t fetched_again = 0;
  for (const ByteRange& range : storage.counts.ranges) fetched_again += range.length;
  EXPECT_EQ(fetched_again, storage.counts.bytes) << "nothing twice";
  EXPECT_LE(storage.counts.bytes - bytes, 10 * kMiB);
}

TEST_F(FileReaderTest, AFewInterleavedStreamsStaySequential) {
  auto reader = open("large");
  for (std::uint64_t at = 0; at < 8 * kMiB; at += 128 * kKiB) {
    for (const std::uint64_t base : {0 * kMiB, 64 * kMiB, 128 * kMiB})
      expect_read(*reader, base + at, 128 * kKiB, 7);
  }
  EXPECT_LE(storage.counts.read, 60);
  EXPECT_LE(storage.counts.bytes, 3 * (8 + 11) * kMiB);
}

TEST_F(FileReaderTest, AnAnsweredReadDoesNotCutItsTransferOff) {
  auto reader = open("large");
  storage.bytes_per_second = kMiB;
  expect_read(*reader, 5 * kMiB, 4096, 7);
  reader.reset();
  t.pass(1s, 10ms);
  EXPECT_EQ(engine.snapshot().parts_abandoned, 0u) << "the connection can be used again";
  EXPECT_EQ(engine.snapshot().parts, 0u);
}

TEST_F(FileReaderTest, ManyOpenFilesShareTheWindowAndThoseNotReadLeaveIt) {
  std::vector<std::unique_ptr<FileReader>> paused;
  for (int i = 0; i < 40; ++i) {
    paused.push_back(open("large"));
    for (std::uint64_t at = 0; at < 512 * kKiB; at += 128 * kKiB)
      expect_read(*paused.back(), at, 128 * kKiB, 7);
  }
  auto reader = open("large");
  const auto fetched_ahead = [&] {
    const std::uint64_t before = storage.counts.bytes;
    for (std::uint64_t at = 0; at < 4 * kMiB; at += 128 * kKiB) expect_read(*reader, at, 128 * kKiB, 7);
    return storage.counts.bytes - before;
  };
  EXPECT_LE(fetched_ahead(), 5 * kMiB);
  t.pass(15s, 1s);
  reader = open("large");
  EXPECT_GT(fetched_ahead(), 10 * kMiB);
}

TEST_F(FileReaderTest, TwoHandlesOfAVersionShareTheirBlocks) {
  auto version = version_of("small");
  auto first = open(version);
  auto second = open(version);
  storage.latency = 50ms;
  auto one = begin(*first, 0, 100'000);
  auto two = begin(*second, 50'000, 10'000);
  t.settle();
  EXPECT_EQ(storage.counts.read, 1);
  t.pass(1s);
  EXPECT_TRUE(is_ramp(one->take(), 0, 100'000, 3));
  EXPECT_TRUE(is_ramp(two->take(), 50'000, 10'000, 3));
  expect_read(*second, 0, 100'000, 3);
  EXPECT_EQ(storage.counts.read, 1);
  EXPECT_EQ(engine.snapshot().reads_held, 1u);
}

TEST_F(FileReaderTest, BytesAreGivenAsTheyComeNotWhenThePartEnds) {
  storage.bytes_per_second = 128 * kKiB;
  auto reader = open("large");
  auto begun = begin(*reader, 0, kMiB);
  auto early = begin(*reader, 1000, 4096);
  t.pass(500ms);
  EXPECT_TRUE(early->done());
  EXPECT_FALSE(begun->done());
  t.pass(20s);
  EXPECT_TRUE(begun->done());
}

TEST_F(FileReaderTest, BlocksStayForTheNextOpenAndAreForgottenAfterAWhile) {
  auto version = version_of("small");
  auto reader = open(version);
  expect_read(*reader, 0, 1000, 3);
  reader.reset();
  EXPECT_EQ(engine.snapshot().held, 128 * kKiB);
  EXPECT_NE(version->held(), nullptr);
  reader = open(version);
  expect_read(*reader, 0, 1000, 3);
  EXPECT_EQ(storage.counts.read, 1);
  reader.reset();
  t.pass(6min, 10s);
  EXPECT_EQ(engine.snapshot().used, 0u);
  EXPECT_EQ(version->held(), nullptr);
}

TEST_F(FileReaderTest, WithoutAValidatorNothingOutlivesTheHandles) {
  storage.nodes["small"].info.validator = Validator();
  auto version = version_of("small");
  auto reader = open(version);
  expect_read(*reader, 0, 1000, 3);
  EXPECT_NE(version->held(), nullptr);
  reader.reset();
  EXPECT_EQ(engine.snapshot().used, 0u);
  EXPECT_EQ(version->held(), nullptr);
}

TEST_F(FileReaderTest, AnAnswerOutlivesItsHandle) {
  storage.nodes["small"].info.validator = Validator();
  auto reader = open("small");
  auto reply = t.run(read_reply(*reader, 0, 50'000));
  ASSERT_TRUE(reply.has_value());
  reader.reset();
  ASSERT_EQ(reply->pieces.size(), 1u);
  EXPECT_TRUE(is_ramp(reply->pieces[0], 0, 3));
  EXPECT_EQ(engine.snapshot().used, 128 * kKiB) << "what an answer points into is counted";
  *reply = ReadReply();
  EXPECT_EQ(engine.snapshot().used, 0u);
}

TEST_F(FileReaderTest, WhatIsHeldIsOfferedAsProof) {
  auto version = version_of("large");
  auto reader = open(version);
  expect_read(*reader, 64 * kKiB, 64 * kKiB, 7);
  ASSERT_NE(version->held(), nullptr);
  const auto near = version->held()->sample_near(128 * kKiB, 64 * kKiB);
  ASSERT_TRUE(near.has_value());
  EXPECT_EQ(near->offset, 64 * kKiB);
  EXPECT_EQ(near->bytes.size(), 64 * kKiB);
  EXPECT_TRUE(is_ramp(near->bytes, near->offset, 7));
  const auto inside = version->held()->sample_near(100'000, 1000);
  ASSERT_TRUE(inside.has_value());
  EXPECT_EQ(inside->offset, 99'000u);
  EXPECT_TRUE(is_ramp(inside->bytes, inside->offset, 7));
  const auto elsewhere = version->held()->sample_near(100 * kMiB, 32 * kKiB);
  ASSERT_TRUE(elsewhere.has_value());
  EXPECT_EQ(elsewhere->offset, 64 * kKiB);
  EXPECT_TRUE(is_ramp(elsewhere->bytes, elsewhere->offset, 7));
}

}  // namespace
}  // namespace balancefs::test
