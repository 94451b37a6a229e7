#include "io/foresight.h"

#include <gtest/gtest.h>

namespace balancefs::test {
namespace {

constexpr std::uint64_t kKiB = 1024;
constexpr std::uint64_t kMiB = 1024 * 1024;
constexpr std::uint64_t kFile = 24 * kMiB;

LookTrace scanned(std::uint64_t head = kMiB, std::uint64_t tail = 256 * kKiB) {
  LookTrace trace(kFile);
  for (std::uint64_t at = 0; at < head; at += 128 * kKiB) trace.read(ByteRange(at, 128 * kKiB));
  if (tail > 0) trace.read(ByteRange(kFile - tail, tail));
  trace.read(ByteRange(kFile / 2, 64 * kKiB));
  return trace;
}

LookTrace copied() {
  LookTrace trace(kFile);
  for (std::uint64_t at = 0; at < kFile; at += 128 * kKiB) trace.read(ByteRange(at, 128 * kKiB));
  return trace;
}

TEST(LookTrace, TellsALookFromACopy) {
  EXPECT_TRUE(scanned().is_look());
  EXPECT_EQ(scanned().head(), kMiB);
  EXPECT_EQ(scanned().tail(), 256 * kKiB);
  EXPECT_FALSE(copied().is_look());
  EXPECT_EQ(copied().tail(), 0u) << "the end was reached, not jumped to";
}

TEST(LookTrace, NeighboursOutOfOrderAreOneHead) {
  LookTrace trace(kFile);
  trace.read(ByteRange(0, 128 * kKiB));
  trace.read(ByteRange(256 * kKiB, 128 * kKiB));
  trace.read(ByteRange(128 * kKiB, 128 * kKiB));
  EXPECT_EQ(trace.head(), 384 * kKiB);
}

TEST(LookTrace, ManyReadsHereAndThereAreNoLook) {
  LookTrace trace = scanned();
  for (std::uint64_t i = 0; i < 40; ++i) trace.read(ByteRange((2 + i / 4) * kMiB + i * 4096, 4096));
  EXPECT_FALSE(trace.is_look());
}

TEST(Foresight, ExpectsNothingOfAKindThatItHasNotSeen) {
  Foresight foresight;
  EXPECT_EQ(foresight.advice("a.mkv").tail, 0u);
  EXPECT_EQ(foresight.advice("a.mkv").reach, 0u);
}

TEST(Foresight, AfterThreeLooksTheTailIsExpectedAndNothingBeyondTheHead) {
  Foresight foresight;
  foresight.learn("films/a.mkv", scanned());
  foresight.learn("films/b.mkv", scanned());
  EXPECT_EQ(foresight.advice("films/c.mkv").tail, 0u);
  foresight.learn("films/c.MKV", scanned());
  const Foresight::Advice advice = foresight.advice("other/d.mkv");
  EXPECT_EQ(advice.tail, 256 * kKiB);
  EXPECT_EQ(advice.limit, kMiB);
  EXPECT_EQ(advice.reach, kMiB);
  EXPECT_EQ(foresight.advice("films/d.mp4").tail, 0u) << "another kind";
}

// SEMANTICS: "Reading two such files on ends that."
TEST(Foresight, TwoFilesThatAreReadOnEndThePattern) {
  Foresight foresight;
  for (int i = 0; i < 4; ++i) foresight.learn("a.mkv", scanned());
  foresight.learn("a.mkv", copied());
  EXPECT_GT(foresight.advice("a.mkv").tail, 0u);
  foresight.learn("a.mkv", copied());
  EXPECT_EQ(foresight.advice("a.mkv").tail, 0u);
  EXPECT_EQ(foresight.advice("a.mkv").limit, 0u);
}

TEST(Foresight, HeadsAloneAreNoReasonToFetchATail) {
  Foresight foresight;
  for (int i = 0; i < 4; ++i) foresight.learn("a.jpg", scanned(256 * kKiB, 0));
  EXPECT_EQ(foresight.advice("a.jpg").tail, 0u);
  EXPECT_EQ(foresight.advice("a.jpg").limit, 256 * kKiB);
  EXPECT_EQ(foresight.advice("a.jpg").reach, 256 * kKiB);
}

TEST(Foresight, NeverExpectsMoreThanTwoMebibytesOfTheHeadAndOneOfTheTail) {
  Foresight foresight;
  for (int i = 0; i < 4; ++i) foresight.learn("a.mp4", scanned(6 * kMiB, 3 * kMiB));
  EXPECT_EQ(foresight.advice("a.mp4").tail, kMiB);
  EXPECT_EQ(foresight.advice("a.mp4").reach, 2 * kMiB);
  EXPECT_EQ(foresight.advice("a.mp4").limit, 6 * kMiB);
}

TEST(Foresight, ReadersThatBeginElsewhereTeachNothing) {
  Foresight foresight;
  for (int i = 0; i < 4; ++i) foresight.learn("a.mkv", scanned());
  LookTrace random(kFile);
  random.read(ByteRange(5 * kMiB, 4096));
  for (int i = 0; i < 4; ++i) foresight.learn("a.mkv", random);
  EXPECT_EQ(foresight.advice("a.mkv").tail, 256 * kKiB);
}

TEST(Foresight, ForgetsKindsThatWereNotSeenForLong) {
  Foresight foresight;
  for (int i = 0; i < 4; ++i) foresight.learn("a.mkv", scanned());
  for (int i = 0; i < 100; ++i) foresight.advice("a.x" + std::to_string(i));
  EXPECT_EQ(foresight.advice("a.mkv").tail, 0u);
}

}  // namespace
}  // namespace balancefs::test
