// Many readers at once, and members that say nothing: who needs them waits, nobody else does, and a program
// that is killed is gone.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include <atomic>
#include <thread>

#include "mount/balanced_mount.h"
#include "support/ramp_bytes.h"

namespace balancefs::test {
namespace {

using namespace std::chrono_literals;

class Concurrency : public BalancedMount {
 protected:
  /// 64 programs at once; $1 is the reader's number.
  ProgramResult sixty_four(const std::string& script) {
    return run_script("seq 0 63 | xargs -P 64 -I{} sh -c \"$1\" sh {}", pt(), {script});
  }
};

TEST_F(Concurrency, SixtyFourReadersOfOneFileGetItsBytes) {
  write_file(native() / "one", ramp_bytes(0, 5000000));
  start_members(3);
  mount();
  const ProgramResult sums = sixty_four("sha256sum < one");
  EXPECT_EQ(sums.status, 0) << sums.text();
  std::string expected;
  for (int i = 0; i < 64; ++i) expected += sha256(native() / "one") + "  -\n";
  EXPECT_EQ(sums.out, expected);
}

TEST_F(Concurrency, SixtyFourReadersOfDifferentFilesGetTheirBytes) {
  make_files(native(), 64, 700000);
  start_members(3);
  mount();
  const ProgramResult sums = sixty_four("sha256sum f$(printf %03d $1)");
  EXPECT_EQ(sums.status, 0) << sums.text();
  const ProgramResult sorted_mount = run_script("printf %s \"$1\" | LC_ALL=C sort -k2", {}, {sums.out});
  const ProgramResult sorted_native = run_script("sha256sum f* | LC_ALL=C sort -k2", native());
  EXPECT_EQ(sorted_mount.out, sorted_native.out);
}

TEST_F(Concurrency, RandomReadersOfOneFileGetTheRightBytes) {
  write_file(native() / "one", ramp_bytes(0, 20000000));
  start_members(2);
  mount();
  std::atomic<int> wrong{0};
  std::vector<std::jthread> readers;
  for (unsigned reader = 0; reader < 16; ++reader) {
    readers.emplace_back([&, reader] {
      const int fd = open(pt("one").c_str(), O_RDONLY);
      std::vector<std::byte> buffer(50000);
      for (unsigned turn = 0; turn < 60; ++turn) {
        const auto offset = (reader * 7919ULL + turn * 104729ULL * (reader + 1)) % 19900000ULL;
        const ssize_t count = pread(fd, buffer.data(), buffer.size(), static_cast<off_t>(offset));
        if (count != static_cast<ssize_t>(buffer.size()) || !is_ramp(buffer, offset)) ++wrong;
      }
      close(fd);
    });
  }
  readers.clear();
  EXPECT_EQ(wrong, 0);
}

TEST_F(Concurrency, TwoThousandSmallReadsAtOnceAllSucceed) {
  constexpr int kReads = 2000;
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  make_files(native(), kReads, 3000);
  start_members(3);
  mount();
  std::atomic<int> right{0};
  {
    std::vector<std::jthread> readers;
    for (int i = 0; i < kReads; ++i) {
      readers.emplace_back([&, i] {
        const int fd = open(pt(numbered(i)).c_str(), O_RDONLY);
        std::vector<std::byte> buffer(3000);
        const ssize_t count = read(fd, buffer.data(), buffer.size());
        if (count == 3000 && is_ramp(buffer, 0, static_cast<std::uint32_t>(i))) ++right;
        close(fd);
      });
    }
  }
  EXPECT_EQ(right, kReads);
}

/// Two groups: /pt with one member, which freezes, and /other, which does not.
class Stalled : public BalancedMount {
 protected:
  void SetUp() override {
    MountTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    make_files(native() / "d", 30, 2000000);
    make_files(native() / "never listed", 3, 100);
    start_members(2);
    MountConfig config;
    config.storages.push_back(storage_of(member(0), "/pt"));
    config.storages.push_back(storage_of(member(1), "/other"));
    app_ = std::make_unique<MountedApp>(config);
    ASSERT_EQ(run({"ls", pt("d"), app_->path("other/d")}).status, 0);
    member(0).freeze();
  }
  void TearDown() override {
    if (!members_.empty()) member(0).thaw();
  }
};

TEST_F(Stalled, AStalledMemberDelaysNobodyElse) {
  std::vector<std::unique_ptr<Program>> stuck;
  for (int i = 0; i < 30; ++i) {
    stuck.push_back(std::make_unique<Program>(std::vector<std::string>{"cat", pt("d/" + numbered(i))}));
  }
  stuck.push_back(std::make_unique<Program>(std::vector<std::string>{"ls", pt("never listed")}));
  std::this_thread::sleep_for(500ms);  // until they wait in the kernel
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(sha256(app_->path("other/d/" + numbered(i)), 10s), sha256(native() / "d" / numbered(i)));
  }
  EXPECT_EQ(run({"ls", "-l", app_->path("other/d")}, 10s).status, 0);
  EXPECT_EQ(run({"ls", "-l", pt("d")}, 10s).status, 0) << "listed before";
  for (const auto& program : stuck) EXPECT_TRUE(program->running());
  for (const auto& program : stuck) program->signal(SIGKILL);
  for (const auto& program : stuck) EXPECT_TRUE(program->wait(10s));
}

TEST_F(Stalled, AKilledReaderIsGoneAtOnce) {
  Program reader({"cat", pt("d/f001")});
  ASSERT_FALSE(reader.wait(1s));
  reader.signal(SIGKILL);
  EXPECT_TRUE(reader.wait(5s)) << "a reader outlives kill -9";
}

TEST_F(Stalled, AKilledListingIsGoneAtOnce) {
  Program listing({"ls", pt("never listed")});
  ASSERT_FALSE(listing.wait(1s));
  listing.signal(SIGKILL);
  EXPECT_TRUE(listing.wait(5s)) << "ls outlives kill -9";
}

TEST_F(Stalled, AnInterruptedListingEndsSoon) {
  Program listing({"ls", pt("never listed")});
  ASSERT_FALSE(listing.wait(500ms));
  listing.signal(SIGINT);
  EXPECT_TRUE(listing.wait(8s)) << "ls outlives Ctrl-C";
}

TEST_F(Stalled, AHandledSignalInterruptsAListingAfterTwoSeconds) {
  Program listing({"perl", "-e",
                   "$SIG{ALRM} = sub {}; alarm 1; stat($ARGV[0]) ? exit 1 : exit($!{EINTR} ? 42 : 2)",
                   pt("never listed/f000")});
  const ProgramResult result = listing.finish(20s);
  EXPECT_EQ(result.status, 42) << result.text();
}

TEST_F(Stalled, AnotherReaderOfTheSameFileIsNotHarmedByAKill) {
  Program first({"sha256sum", pt("d/f002")});
  Program second({"sha256sum", pt("d/f002")});
  ASSERT_FALSE(first.wait(1s));
  first.signal(SIGKILL);
  EXPECT_TRUE(first.wait(5s));
  ASSERT_FALSE(second.wait(500ms)) << second.finish(1s).text();
  member(0).thaw();
  const ProgramResult result = second.finish(60s);
  EXPECT_EQ(result.status, 0) << result.text();
  EXPECT_EQ(result.out.substr(0, 64), sha256(native() / "d/f002"));
}

TEST_F(Stalled, WhatWasStuckGoesOnWhenTheMemberDoes) {
  Program reader({"sha256sum", pt("d/f003")});
  ASSERT_FALSE(reader.wait(2s));
  member(0).thaw();
  const ProgramResult result = reader.finish(60s);
  EXPECT_EQ(result.status, 0) << result.text();
  EXPECT_EQ(result.out.substr(0, 64), sha256(native() / "d/f003"));
}

}  // namespace
}  // namespace balancefs::test
