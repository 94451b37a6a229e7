// Members that go away: a killed one costs a pause and not a byte, a dead group keeps its names, and nothing
// is ever called absent because nobody answered.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <thread>

#include "mount/balanced_mount.h"
#include "support/ramp_bytes.h"

namespace balancefs::test {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kBig = 12U << 20U;
// So that a copy takes seconds: the middle of it is long enough to do something in it.
constexpr std::uint64_t kSlow = 1U << 20U;
// Short bounds, so that what must end ends soon; the test's own limits are far above them.
constexpr const char* kImpatient =
    "[metadata]\npatience = \"1s\"\ntimeout = \"3s\"\nttl = \"1s\"\n[read]\nread_timeout = \"5s\"\n";

class MemberKilled : public BalancedMount {
 protected:
  /// Starts `cp` of /pt/big, and returns once the copy has begun and is not finished.
  std::unique_ptr<Program> copy_begun() {
    auto copy = std::make_unique<Program>(std::vector<std::string>{"cp", pt("big"), copied()});
    const bool begun = eventually([&] {
      std::error_code none;
      const auto size = std::filesystem::file_size(copied(), none);
      return !none && size > 0;
    });
    EXPECT_TRUE(begun);
    EXPECT_TRUE(copy->running());
    return copy;
  }
  std::filesystem::path copied() const { return scratch_.path() / "copy"; }
  void expect_exact_copy(Program& copy) {
    const ProgramResult result = copy.finish(kProgramLimit);
    EXPECT_EQ(result.status, 0) << result.text();
    EXPECT_EQ(sha256(copied()), sha256(native() / "big"));
  }
  Server& current_member() {
    for (std::size_t i = 0; i < members_.size(); ++i) {
      if (source_of("big") == member_name(static_cast<int>(i))) return *members_[i];
    }
    throw std::runtime_error("nobody serves it: " + source_of("big"));
  }
  void start_slow_members(int count) {
    write_file(native() / "big", ramp_bytes(0, kBig));
    ServerOptions slow;
    slow.bytes_per_second = kSlow;
    start_members(count, slow);
  }
};

TEST_F(MemberKilled, InTheMiddleOfACopyCostsNotAByte) {
  start_slow_members(3);
  mount();
  const auto copy = copy_begun();
  current_member().stop();
  expect_exact_copy(*copy);
}

TEST_F(MemberKilled, OneAfterTheOtherUntilOneIsLeft) {
  start_slow_members(3);
  mount();
  const auto copy = copy_begun();
  Server& first = current_member();
  first.stop();
  EXPECT_TRUE(eventually([&] { return &current_member() != &first; }));
  current_member().stop();
  expect_exact_copy(*copy);
}

TEST_F(MemberKilled, TheOnlyMemberComesBackInTime) {
  start_slow_members(1);
  mount();
  const auto copy = copy_begun();
  member(0).stop();
  std::this_thread::sleep_for(3s);  // an outage that a reader notices
  EXPECT_TRUE(copy->running());
  member(0).start();
  expect_exact_copy(*copy);
}

TEST_F(MemberKilled, FrozenInTheMiddleOfACopyCostsNotAByte) {
  start_slow_members(2);
  mount();
  const auto copy = copy_begun();
  Server& frozen = current_member();
  frozen.freeze();
  expect_exact_copy(*copy);
  frozen.thaw();
}

class AllDown : public BalancedMount {
 protected:
  void SetUp() override {
    MountTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    make_files(native() / "known", 5, 3000);
    make_files(native() / "unknown", 5, 3000);
    write_file(native() / "big", ramp_bytes(0, kBig));
    start_members(2);
    mount(kImpatient);
  }
  void stop_all() {
    for (const auto& server : members_) server->stop();
  }
  void start_all() {
    for (const auto& server : members_) server->start();
  }
  static constexpr const char* kKnown = "f000\nf001\nf002\nf003\nf004\n";
};

TEST_F(AllDown, KnownDirectoriesAreStillListed) {
  ASSERT_EQ(run({"ls", pt("known")}).out, kKnown);
  stop_all();
  for (int i = 0; i < 4; ++i) {
    const ProgramResult listed = run({"ls", pt("known")}, 30s);
    EXPECT_EQ(listed.status, 0) << listed.text();
    EXPECT_EQ(listed.out, kKnown);
    std::this_thread::sleep_for(700ms);  // past the ttl at the latest in the third turn
  }
}

TEST_F(AllDown, ADirectoryNeverListedIsAnErrorAndNotEmpty) {
  ASSERT_EQ(run({"ls", pt()}).status, 0);
  stop_all();
  const ProgramResult listed = run({"ls", pt("unknown")}, 30s);
  EXPECT_NE(listed.status, 0) << listed.text();
  EXPECT_NE(listed.err.find("Input/output error"), std::string::npos) << listed.text();
  EXPECT_EQ(open_error(pt("unknown/f000")), EIO);
}

TEST_F(AllDown, WhatNobodyEverAnsweredForIsUnknownAndNotAbsent) {
  stop_all();
  const ProgramResult listed = run({"ls", pt()}, 30s);
  EXPECT_NE(listed.err.find("Input/output error"), std::string::npos) << listed.text();
  EXPECT_EQ(open_error(pt("known")), EIO);
  EXPECT_EQ(open_error(pt("nothing")), EIO);
}

TEST_F(AllDown, ReadingIsAnErrorWithinItsBoundsAndWorksAgainAfter) {
  ASSERT_EQ(run({"ls", pt("known")}).out, kKnown);
  stop_all();
  const ProgramResult read = run({"cat", pt("known/f001")}, 30s);
  EXPECT_EQ(read.status, 1) << read.text();
  EXPECT_NE(read.err.find("Input/output error"), std::string::npos) << read.text();
  start_all();
  EXPECT_TRUE(eventually([&] { return read_file(pt("known/f001")).text == ramp_bytes(0, 3000, 1); }, 60s));
  EXPECT_EQ(run({"ls", pt("unknown")}).out, kKnown);
}

TEST_F(AllDown, AReaderInTheMiddleGetsAnErrorAfterItsTimeoutAndNotBefore) {
  const int fd = open(pt("big").c_str(), O_RDONLY);
  char byte = 0;
  ASSERT_EQ(pread(fd, &byte, 1, 0), 1);
  stop_all();
  const auto began = std::chrono::steady_clock::now();
  EXPECT_EQ(pread(fd, &byte, 1, kBig - 1), -1);
  EXPECT_EQ(errno, EIO);
  EXPECT_GE(std::chrono::steady_clock::now() - began, 4s);  // read_timeout is 5 s here
  close(fd);
}

class Holders : public BalancedMount {};

TEST_F(Holders, AListingIsTheUnionAndEachFileComesFromWhoHasIt) {
  start_separate_members(3);
  for (int i = 0; i < 3; ++i) {
    write_file(member(i).root() / "all", "everybody");
    write_file(member(i).root() / fmt::format("only {}", i), fmt::format("mine {}", i));
  }
  mount();
  EXPECT_EQ(run({"ls", pt()}).out, "all\nonly 0\nonly 1\nonly 2\n");
  for (int turn = 0; turn < 3; ++turn) {
    for (int i = 0; i < 3; ++i) {
      EXPECT_EQ(read_file(pt(fmt::format("only {}", i))).text, fmt::format("mine {}", i));
      EXPECT_EQ(source_of(fmt::format("only {}", i)), member_name(i));
    }
  }
}

TEST_F(Holders, AMemberWithADifferentFileOfThatNameIsNeverRead) {
  start_separate_members(3);
  for (int i = 0; i <= 12; ++i) {
    const std::string name = i == 12 ? "never read" : numbered(i);
    write_file(member(0).root() / name, "the right one");
    write_file(member(1).root() / name, "something else");
    write_file(member(2).root() / name, "the right one");
  }
  mount(kImpatient);
  for (int i = 0; i < 12; ++i) {
    EXPECT_EQ(read_file(pt(numbered(i))).text, "the right one");
    EXPECT_NE(source_of(numbered(i)), "/pt.balance1");
  }
  EXPECT_EQ(attribute(pt(numbered(0)), "user.balancefs.members").value_or("none"), "/pt,/pt.balance2");
  member(0).stop();
  member(2).stop();
  EXPECT_EQ(read_file(pt("never read")).error, EIO);
}

TEST_F(Holders, AFileWhoseOnlyHolderIsDownIsAnErrorAndStaysListed) {
  start_separate_members(2);
  write_file(member(0).root() / "here", "here");
  write_file(member(1).root() / "there", "there");
  mount(kImpatient);
  ASSERT_EQ(run({"ls", pt()}).out, "here\nthere\n");
  member(1).stop();
  EXPECT_EQ(read_file(pt("there")).error, EIO);
  EXPECT_EQ(read_file(pt("here")).text, "here");
  std::this_thread::sleep_for(1500ms);  // past the ttl
  EXPECT_EQ(run({"ls", pt()}).out, "here\nthere\n");
}

TEST_F(Holders, AFirstListingWithoutAMembersAnswerIsShownAndWhatItLacksIsUnknown) {
  start_separate_members(2);
  write_file(member(0).root() / "here", "here");
  write_file(member(1).root() / "there", "there");
  MountConfig config = balanced(members_);
  config.sections = kImpatient;
  member(1).stop();
  app_ = std::make_unique<MountedApp>(config);
  EXPECT_EQ(run({"ls", pt()}).out, "here\n");
  EXPECT_EQ(open_error(pt("there")), EIO);
  EXPECT_EQ(open_error(pt("nowhere")), EIO);
  member(1).start();
  EXPECT_TRUE(eventually([&] { return read_file(pt("there")).text == "there"; }, 60s));
  EXPECT_TRUE(eventually([&] { return open_error(pt("nowhere")) == ENOENT; }, 60s));
}

TEST_F(Holders, AnEmptiedRootKeepsItsNames) {
  start_separate_members(1);
  make_files(member(0).root(), 5, 10);
  mount(kImpatient);
  ASSERT_EQ(run({"ls", pt()}).out, "f000\nf001\nf002\nf003\nf004\n");
  for (int i = 0; i < 5; ++i) std::filesystem::remove(member(0).root() / numbered(i));
  for (int i = 0; i < 4; ++i) {
    std::this_thread::sleep_for(800ms);
    EXPECT_EQ(run({"ls", pt()}).out, "f000\nf001\nf002\nf003\nf004\n");
  }
}

TEST_F(Holders, ADeletedFileGoesAwayAndANewOneComes) {
  start_separate_members(2);
  for (int i = 0; i < 2; ++i) make_files(member(i).root(), 5, 10);
  mount(kImpatient);
  ASSERT_EQ(run({"ls", pt()}).out, "f000\nf001\nf002\nf003\nf004\n");
  for (int i = 0; i < 2; ++i) {
    std::filesystem::remove(member(i).root() / "f002");
    write_file(member(i).root() / "new", "new");
  }
  EXPECT_TRUE(eventually([&] { return run({"ls", pt()}).out == "f000\nf001\nf003\nf004\nnew\n"; }));
  EXPECT_TRUE(eventually([&] { return open_error(pt("f002")) == ENOENT; }));
  EXPECT_EQ(read_file(pt("new")).text, "new");
}

}  // namespace
}  // namespace balancefs::test
