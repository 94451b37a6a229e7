// What happens to the disk cache while it is busy: readers that leave, disks that fill up.
#include <gtest/gtest.h>
#include <sys/mount.h>

#include "support/hung_disk.h"
#include "unit/io/disk_reading.h"

namespace balancefs::test {
namespace {

/// The real time, five times as fast, and what a test adds to it.
class ShiftedClock final : public Clock {
 public:
  explicit ShiftedClock(Clock& real) : real_(real), start_(real.now()) {}
  TimePoint now() const override { return start_ + (real_.now() - start_) * kSpeed + shift; }
  Timer call_at(TimePoint when, std::function<void()> callback) override {
    return real_.call_at(start_ + (when - shift - start_) / kSpeed, std::move(callback));
  }

  Duration shift{0};

 private:
  static constexpr int kSpeed = 5;
  Clock& real_;
  TimePoint start_;
};

/// A disk with room for so many files and folders, its own included. Needs root.
class SmallDisk {
 public:
  SmallDisk(std::string place, int files) : place_(std::move(place)) {
    std::filesystem::create_directory(place_);
    mounted = ::mount("tmpfs", place_.c_str(), "tmpfs", 0, options(files).c_str()) == 0;
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  ~SmallDisk() {
    if (mounted) ::umount2(place_.c_str(), MNT_DETACH);
  }
  void resize(int files) const {
    EXPECT_EQ(::mount("tmpfs", place_.c_str(), "tmpfs", MS_REMOUNT, options(files).c_str()), 0);
  }
  bool mounted = false;

 private:
  static std::string options(int files) { return "size=64m,nr_inodes=" + std::to_string(files); }
  std::string place_;
};

class DiskTrouble : public DiskReading {
 protected:
  DiskTrouble() : clock(loop.clock) {}
  ~DiskTrouble() override { stop(); }
  void start() {
    DiskOptions options;
    options.folder = place;
    options.size = 1024 * kMiB;
    engine = std::make_unique<ReadEngine>(64 * kMiB, ReadOptions(), loop.executor(), clock);
    engine->keep_on_disk(std::move(options));
    run_until([this] { return disk().state != DiskSnapshot::State::opening; });
  }
  void restart() {
    stop();
    start();
  }

  ShiftedClock clock;
};

// A killed program's read ends at any moment, also while its entry is being looked for.
TEST_F(DiskTrouble, AReaderMayLeaveAtAnyStepOfItsFirstRead) {
  storage.add_file("a", kMiB, 1);
  start();
  keep("a", 1);
  restart();
  for (int steps = 1; steps < 40; ++steps) {
    {
      auto reader = open("a");
      Flow<Result<std::string>> flow(loop.executor(), read_text(*reader, 0, 64 * kKiB));
      loop.loop.restart();
      for (int i = 0; i < steps && !flow.done(); ++i) loop.loop.poll_one();
      flow.cancel();
      reader.reset();
      run_until([&flow] { return flow.done(); });
    }
    ASSERT_TRUE(reads_whole("a", 1)) << steps;
  }
}

TEST_F(DiskTrouble, ADiskThatDoesNotAnswerIsWaitedForOnceNotForEveryFile) {
  for (const char* name : {"a", "b", "c"}) storage.add_file(name, kMiB, 1);
  start();
  for (const char* name : {"a", "b", "c"}) keep(name, 1);
  restart();
  const HungDisk hung;
  EXPECT_TRUE(is_ramp(read(*open("a"), 0, 64 * kKiB), 0, 64 * kKiB, 1));
  const TimePoint before = clock.now();
  EXPECT_TRUE(is_ramp(read(*open("b"), 0, 64 * kKiB), 0, 64 * kKiB, 1));
  EXPECT_TRUE(is_ramp(read(*open("c"), 0, 64 * kKiB), 0, 64 * kKiB, 1));
  EXPECT_LT(clock.now() - before, std::chrono::seconds(4));
}

TEST_F(DiskTrouble, WhatWaitsForADiskThatHangsIsLittleOfTheMemory) {
  storage.add_file("a", 200 * kMiB, 1);
  start();
  const HungDisk hung;
  const auto reader = open("a");
  for (std::uint64_t i = 0; i < 300; ++i) {
    const std::uint64_t at = i * 37 % 300 * 512 * kKiB;  // one unit of a frame, here and there
    ASSERT_TRUE(is_ramp(read(*reader, at, 4 * kKiB), at, 4 * kKiB, 1));
  }
  const ReadSnapshot now = engine->snapshot();
  EXPECT_LE(now.used - now.held, now.budget / 8 + 4 * kMiB) << "what waits, and what is being written";
}

TEST_F(DiskTrouble, OthersGetTheirRoomAlsoWhileTheCacheIsBusy) {
  storage.add_file("a", 20 * kMiB, 1);
  const SmallDisk small(place, 100);
  if (!small.mounted) GTEST_SKIP() << "needs root";
  start();
  keep("a", 1);
  std::ofstream(place + "/others") << std::string(42 * kMiB, 'x');
  // Never idle for the minute after which an idle cache looks; how many uses the disk's thread needs is its
  // own.
  const TimePoint until = loop.clock.now() + std::chrono::minutes(1);
  while (disk().evicted == 0) {
    ASSERT_LT(loop.clock.now(), until) << "others wait for ever";
    clock.shift += std::chrono::seconds(20);
    EXPECT_TRUE(is_ramp(read(*open("a"), 19 * kMiB, 4 * kKiB), 19 * kMiB, 4 * kKiB, 1));
    for (int turn = 0; turn < 5; ++turn) loop.loop.run_one_for(std::chrono::milliseconds(5));
  }
  stop();  // before the disk goes
}

TEST_F(DiskTrouble, AFileThatCouldNotBeMadeIsKeptWhenTheDiskRecovers) {
  storage.add_file("a", 4 * kMiB, 1);
  const SmallDisk small(place, 3);  // one of an entry's two files
  if (!small.mounted) GTEST_SKIP() << "needs root";
  start();
  {
    const auto reader = open("a");
    EXPECT_TRUE(is_ramp(read(*reader, 0, 64 * kKiB), 0, 64 * kKiB, 1));
    run_until([this] { return disk().state == DiskSnapshot::State::paused; });
    small.resize(100);
    clock.shift += std::chrono::minutes(6);
    EXPECT_TRUE(is_ramp(read(*reader, 2 * kMiB, 64 * kKiB), 2 * kMiB, 64 * kKiB, 1));
    written(64 * kKiB);
  }
  restart();
  const int asked = storage.counts.read;
  EXPECT_TRUE(is_ramp(read(*open("a"), 2 * kMiB, 64 * kKiB), 2 * kMiB, 64 * kKiB, 1));
  EXPECT_EQ(storage.counts.read, asked);
  stop();  // before the disk goes
}

}  // namespace
}  // namespace balancefs::test
