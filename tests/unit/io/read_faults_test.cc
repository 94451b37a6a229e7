// What reads do when the world is against them: failures, changes, cancellation, a small budget.
#include <algorithm>

#include "unit/io/reading.h"

namespace balancefs::test {
namespace {

using namespace std::chrono_literals;

class ReadFaults : public Reading {
 protected:
  ReadFaults() {
    storage.add_file("file", 64 * kMiB, 7);
    version = version_of("file");
  }
  std::shared_ptr<Version> version;
};

TEST_F(ReadFaults, AFailureInTheMiddleOfAPartFailsOnlyReadsBeyondIt) {
  storage.cut_read_at = 500'000;
  storage.latency = 10ms;
  auto reader = open(version);
  auto large = begin(*reader, 0, kMiB);
  auto before = begin(*reader, 400'000, 80'000);
  auto beyond = begin(*reader, 450'000, 100'000);
  t.pass(10ms);
  EXPECT_TRUE(is_ramp(before->take(), 400'000, 80'000, 7));
  EXPECT_EQ(beyond->take().error().kind, ErrorKind::unavailable);
  EXPECT_EQ(large->take().error().kind, ErrorKind::unavailable);
  EXPECT_EQ(storage.counts.read, 1);
  storage.cut_read_at.reset();
  EXPECT_TRUE(is_ramp(read(*reader, 0, kMiB), 0, kMiB, 7));
  EXPECT_EQ(storage.counts.ranges[1].offset, 15u * 32 * kKiB) << "what came whole is kept";
}

TEST_F(ReadFaults, AFailedPrefetchIsDroppedAndAskedAgainOnNeed) {
  auto reader = open(version);
  storage.cut_read_at = 3 * kMiB;
  for (std::uint64_t at = 0; at < 2 * kMiB; at += 128 * kKiB) ASSERT_TRUE(read(*reader, at, 128 * kKiB));
  t.settle();
  EXPECT_GT(engine.snapshot().parts_failed, 0u);
  storage.cut_read_at.reset();
  for (std::uint64_t at = 2 * kMiB; at < 8 * kMiB; at += 128 * kKiB) {
    const auto bytes = read(*reader, at, 128 * kKiB);
    ASSERT_TRUE(bytes.has_value());
    ASSERT_TRUE(*bytes == ramp_bytes(at, 128 * kKiB, 7));
  }
}

TEST_F(ReadFaults, APrefetchThatFailsUnderAWaitingReadIsAskedOnceMore) {
  auto reader = open(version);
  for (std::uint64_t at = 0; at < kMiB; at += 128 * kKiB) ASSERT_TRUE(read(*reader, at, 128 * kKiB));
  storage.stall = true;
  ASSERT_TRUE(read(*reader, kMiB, 128 * kKiB));  // starts a prefetch, which stalls
  const std::uint64_t stalled = storage.counts.ranges.back().offset;
  auto waiting = begin(*reader, stalled, 4096);
  t.settle();
  const int asked = storage.counts.read;
  storage.fail_read = Error(ErrorKind::stalled, "too slow");
  storage.stall = false;
  t.pass(200ms, 200ms);
  EXPECT_EQ(storage.counts.read, asked + 1);
  ASSERT_TRUE(waiting->done());
  EXPECT_EQ(waiting->take().error().kind, ErrorKind::stalled);
}

TEST_F(ReadFaults, ACancelledReadLeavesNoPart) {
  storage.stall = true;
  auto reader = open(version);
  auto waiting = begin(*reader, 0, 128 * kKiB);
  t.settle();
  EXPECT_EQ(engine.snapshot().parts, 1u);
  waiting->cancel();
  t.settle();
  EXPECT_TRUE(waiting->done());
  EXPECT_EQ(engine.snapshot().parts, 0u);
  EXPECT_EQ(engine.snapshot().used, 0u);
  EXPECT_EQ(storage.counts.running, 0);
}

TEST_F(ReadFaults, ACancelledReadLeavesThePartThatAnotherWaitsFor) {
  storage.latency = 1s;
  auto reader = open(version);
  auto other = open(version);
  auto gone = begin(*reader, 0, 128 * kKiB);
  auto stays = begin(*other, 4096, 4096);
  t.settle();
  gone->cancel();
  t.settle();
  reader.reset();
  EXPECT_EQ(engine.snapshot().parts, 1u);
  t.pass(2s);
  EXPECT_TRUE(is_ramp(stays->take(), 4096, 4096, 7));
  EXPECT_EQ(storage.counts.read, 1);
}

TEST_F(ReadFaults, ReleaseEndsWhatWasFetchedAhead) {
  storage.bytes_per_second = 4 * kMiB;
  auto reader = open(version);
  for (std::uint64_t at = 0; at < 4 * kMiB; at += 128 * kKiB) ASSERT_TRUE(read(*reader, at, 128 * kKiB));
  EXPECT_GT(engine.snapshot().parts, 0u);
  EXPECT_GT(engine.snapshot().in_flight, 0u);
  const std::uint64_t bytes = storage.counts.bytes;
  reader->release();
  EXPECT_LE(engine.snapshot().in_flight, 128 * kKiB) << "at most a last unit is let come";
  t.pass(2s);
  EXPECT_EQ(engine.snapshot().parts, 0u);
  EXPECT_LE(storage.counts.bytes, bytes + 32 * kKiB);
  reader.reset();
}

TEST_F(ReadFaults, AStreamLeftBehindLosesItsWindow) {
  storage.bytes_per_second = 4 * kMiB;
  auto reader = open(version);
  for (std::uint64_t at = 0; at < 4 * kMiB; at += 128 * kKiB) ASSERT_TRUE(read(*reader, at, 128 * kKiB));
  ASSERT_GT(engine.snapshot().parts, 0u);
  storage.bytes_per_second = 0;
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(read(*reader, 32 * kMiB + 2 * i * kMiB % (30 * kMiB), 4096));
  t.pass(2s);
  EXPECT_EQ(engine.snapshot().parts, 0u);
}

TEST_F(ReadFaults, BeforeTheFirstAnswerAVersionFollowsItsFile) {
  auto reader = open(version);
  ASSERT_TRUE(version->confirm("0/direct/fake", storage.nodes["file"].info.validator));
  storage.add_file("file", 64 * kMiB, 9, 2);
  EXPECT_TRUE(is_ramp(read(*reader, 5, 1000), 5, 1000, 9));
  EXPECT_EQ(version->epoch(), 1u);
  EXPECT_EQ(storage.counts.read, 2);
}

TEST_F(ReadFaults, ReadsThatWaitedWhenTheVersionFollowedBeginAgain) {
  auto reader = open(version);
  auto other = open(version);
  storage.bytes_per_second = kMiB;
  auto first = begin(*reader, 0, kMiB);  // still at the first bytes of the old file
  t.settle();
  storage.add_file("file", 64 * kMiB, 9, 2);
  auto second = begin(*other, 32 * kMiB, 4096);
  t.pass(20s);
  EXPECT_TRUE(is_ramp(second->take(), 32 * kMiB, 4096, 9));
  EXPECT_TRUE(is_ramp(first->take(), 0, kMiB, 9)) << "never old and new in one answer";
  EXPECT_EQ(version->epoch(), 1u);
}

TEST_F(ReadFaults, AfterTheFirstAnswerAChangeEndsTheVersion) {
  auto reader = open(version);
  ASSERT_TRUE(read(*reader, 0, 4096));
  storage.add_file("file", 64 * kMiB, 9, 2);
  EXPECT_EQ(read(*reader, 32 * kMiB, 4096).error().kind, ErrorKind::changed);
  EXPECT_TRUE(version->ended());
  EXPECT_TRUE(is_ramp(read(*reader, 0, 4096), 0, 4096, 7)) << "what is held is still served";
  const int asked = storage.counts.read;
  EXPECT_EQ(read(*reader, 48 * kMiB, 4096).error().kind, ErrorKind::changed);
  EXPECT_EQ(storage.counts.read, asked) << "an ended version asks nobody";
  reader.reset();
  EXPECT_EQ(engine.snapshot().used, 0u) << "nobody can open it again";
}

TEST_F(ReadFaults, AFileOfAnotherSizeIsNotFollowedForever) {
  auto reader = open(version);
  storage.add_file("file", 63 * kMiB, 9, 2);
  EXPECT_EQ(read(*reader, 0, 4096).error().kind, ErrorKind::changed);
  EXPECT_LE(storage.counts.read, 3);
  EXPECT_TRUE(version->ended());
}

TEST_F(ReadFaults, ClosingTheEngineEndsReadsUnderWay) {
  storage.stall = true;
  auto reader = open(version);
  auto waiting = begin(*reader, 0, 128 * kKiB);
  t.settle();
  t.run_void(engine.close());
  t.settle();
  ASSERT_TRUE(waiting->done());
  EXPECT_EQ(waiting->take().error().kind, ErrorKind::cancelled);
  EXPECT_EQ(read(*reader, kMiB, 4096).error().kind, ErrorKind::cancelled);
}

class SmallBudget : public Reading {
 protected:
  SmallBudget() : Reading(kMiB) { storage.add_file("file", 64 * kMiB, 7); }
};

TEST_F(SmallBudget, AHundredStreamingHandlesAllProgress) {
  storage.latency = 10ms;
  std::vector<std::unique_ptr<FileReader>> readers;
  for (int i = 0; i < 100; ++i) readers.push_back(open("file"));
  for (std::uint64_t round = 0; round < 4; ++round) {
    std::vector<std::unique_ptr<Bytes>> reads;
    for (auto& reader : readers) reads.push_back(begin(*reader, round * 128 * kKiB + 17, 128 * kKiB));
    const auto done = [](const auto& bytes) { return bytes->done(); };
    for (int i = 0; i < 400 && !std::ranges::all_of(reads, done); ++i) {
      t.pass(10ms, 10ms);
      ASSERT_LE(engine.snapshot().used, kMiB);
    }
    for (auto& bytes : reads) {
      ASSERT_TRUE(bytes->done());
      ASSERT_TRUE(is_ramp(bytes->take(), round * 128 * kKiB + 17, 128 * kKiB, 7));
    }
  }
}

TEST_F(SmallBudget, AReadLargerThanTheBudgetIsRefused) {
  auto reader = open("file");
  EXPECT_EQ(read(*reader, 100, kMiB).error().kind, ErrorKind::too_large);
  EXPECT_EQ(read(*reader, 0, kMiB)->size(), kMiB);
}

TEST_F(SmallBudget, AnswersThatAreKeptHoldUpOthersOnlyUntilLetGo) {
  auto reader = open("file");
  std::vector<ReadReply> kept;
  for (std::uint64_t i = 0; i < 8; ++i) {
    auto reply = t.run(read_reply(*reader, i * 4 * kMiB, 128 * kKiB));
    ASSERT_TRUE(reply.has_value());
    kept.push_back(std::move(*reply));
  }
  auto waiting = begin(*reader, 40 * kMiB, 4096);
  t.pass(5s);
  EXPECT_FALSE(waiting->done());
  EXPECT_EQ(engine.snapshot().queued, 1u);
  kept.pop_back();
  t.settle();
  EXPECT_TRUE(is_ramp(waiting->take(), 40 * kMiB, 4096, 7));
  auto stuck = begin(*reader, 50 * kMiB, kMiB);
  t.pass(2min, 1s);
  ASSERT_TRUE(stuck->done());
  EXPECT_EQ(stuck->take().error().kind, ErrorKind::timed_out);
}

TEST_F(SmallBudget, AStalledPrefetchGivesItsMemoryToAReadThatWaits) {
  auto reader = open("file");
  auto other = open("file");
  for (std::uint64_t at = 0; at < kMiB; at += 128 * kKiB) ASSERT_TRUE(read(*reader, at, 128 * kKiB));
  storage.stall = true;
  for (std::uint64_t at = kMiB; engine.snapshot().in_flight == 0; at += 128 * kKiB) {
    const auto ahead = begin(*reader, at, 128 * kKiB);
    t.settle();
    ASSERT_TRUE(ahead->done());
  }
  auto waiting = begin(*other, 8 * kMiB, kMiB - 1);
  t.pass(1500ms);
  EXPECT_EQ(engine.snapshot().queued, 0u) << "it has its memory";
  storage.stall = false;
  t.pass(1s);
  EXPECT_TRUE(waiting->done());
}

TEST_F(SmallBudget, ACancelledReadInTheQueueLetsTheNextOneGo) {
  auto reader = open("file");
  std::vector<ReadReply> kept;
  for (std::uint64_t i = 0; i < 7; ++i) {
    auto reply = t.run(read_reply(*reader, i * 4 * kMiB, 128 * kKiB));
    ASSERT_TRUE(reply.has_value());
    kept.push_back(std::move(*reply));
  }
  auto large = begin(*reader, 40 * kMiB, 512 * kKiB);
  auto small = begin(*reader, 50 * kMiB, 4096);
  t.settle();
  EXPECT_EQ(engine.snapshot().queued, 2u) << "in order of arrival";
  large->cancel();
  t.settle();
  EXPECT_TRUE(small->done());
  EXPECT_EQ(engine.snapshot().queued, 0u);
}

}  // namespace
}  // namespace balancefs::test
