// Every fault that a member's connection can have, in the middle of a read and before one: the program gets
// the right bytes from another member, and never an error or a byte of a senseless answer.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <thread>

#include "mount/balanced_mount.h"
#include "support/ramp_bytes.h"
#include "support/shaper.h"

namespace balancefs::test {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kSize = 12U << 20U;

struct Trouble {
  const char* name;
  ShaperFault fault;
  std::uint64_t argument = 0;
};

const Trouble kTroubles[] = {
    {"Refuse", ShaperFault::refuse},
    {"Reset", ShaperFault::reset},
    {"Stall", ShaperFault::stall},
    {"CutAtOnce", ShaperFault::cut, 0},
    {"CutAfterSomeBytes", ShaperFault::cut, 77777},
    {"Unavailable503", ShaperFault::unavailable},
    {"Throttled429", ShaperFault::throttled, 120},
    {"NotFoundForEverything", ShaperFault::not_found},
    {"WrongContentRange", ShaperFault::wrong_range},
    {"WholeFileToARange", ShaperFault::ignore_range},
    {"AnotherEtag", ShaperFault::other_etag},
};

/// Members behind shapers, all serving `native()`.
class Faults : public BalancedMount {
 protected:
  void start_behind_shapers(int count, const std::string& sections = {}) {
    start_members(count);
    std::vector<std::string> urls;
    for (const auto& server : members_) {
      shapers_.push_back(std::make_unique<Shaper>(server->port()));
      urls.push_back(shapers_.back()->url());
    }
    MountConfig config = balanced(urls);
    config.sections = sections;
    app_ = std::make_unique<MountedApp>(config);
  }
  Shaper& shaper(int i) { return *shapers_.at(static_cast<std::size_t>(i)); }
  int index_of_source(const std::string& name) {
    for (int i = 0; i < static_cast<int>(shapers_.size()); ++i) {
      if (source_of(name) == member_name(i)) return i;
    }
    throw std::runtime_error(name + " comes from nobody: " + source_of(name));
  }
  void fault_everywhere(ShaperFault fault, std::uint64_t argument = 0) {
    for (const auto& each : shapers_) each->set_fault(fault, argument);
  }
  /// The rest of an open file; `error` is errno of a read that failed, else 0.
  static FileContent rest_of(int fd) {
    FileContent content;
    std::string buffer(131072, '\0');
    for (ssize_t count = 1; count > 0;) {
      count = read(fd, buffer.data(), buffer.size());
      if (count < 0) content.error = errno;
      if (count > 0) content.text.append(buffer, 0, static_cast<std::size_t>(count));
    }
    return content;
  }

  std::vector<std::unique_ptr<Shaper>> shapers_;
};

class FaultOfOneMember : public Faults, public testing::WithParamInterface<Trouble> {};

TEST_P(FaultOfOneMember, InTheMiddleOfAReadMovesTheHandleAndCostsNotAByte) {
  write_file(native() / "big", ramp_bytes(0, kSize, 7));
  start_behind_shapers(2);
  const int fd = open(pt("big").c_str(), O_RDONLY);
  std::string first(50000, '\0');
  ASSERT_EQ(read(fd, first.data(), first.size()), 50000);
  EXPECT_EQ(first, ramp_bytes(0, 50000, 7));
  const int faulty = index_of_source("big");
  shaper(faulty).set_fault(GetParam().fault, GetParam().argument);
  const FileContent rest = rest_of(fd);
  close(fd);
  EXPECT_EQ(rest.error, 0);
  EXPECT_TRUE(rest.text == ramp_bytes(50000, kSize - 50000, 7)) << rest.text.size();
  EXPECT_EQ(index_of_source("big"), 1 - faulty);
}

TEST_P(FaultOfOneMember, BeforeAnyReadDisturbsNoProgram) {
  make_files(native() / "d", 8, 300000);
  start_behind_shapers(2);
  ASSERT_EQ(run({"ls", pt("d")}).status, 0);
  shaper(0).set_fault(GetParam().fault, GetParam().argument);
  const ProgramResult sums = run_script("sha256sum *", pt("d"));
  EXPECT_EQ(sums.status, 0) << sums.text();
  EXPECT_EQ(sums.out, run_script("sha256sum *", native() / "d").out);
}

TEST_P(FaultOfOneMember, InTheMiddleOfACopyOfManyFilesDisturbsNoProgram) {
  make_files(native() / "d", 40, 500000);
  start_behind_shapers(3);
  Program copy({"cp", "-r", pt("d"), scratch_.path() / "copy"});
  eventually([&] { return std::filesystem::exists(scratch_.path() / "copy" / numbered(3)); });
  shaper(1).set_fault(GetParam().fault, GetParam().argument);
  const ProgramResult copied = copy.finish(kProgramLimit);
  EXPECT_EQ(copied.status, 0) << copied.text();
  EXPECT_EQ(tree_checksums(scratch_.path() / "copy"), tree_checksums(native() / "d"));
}

INSTANTIATE_TEST_SUITE_P(Kinds, FaultOfOneMember, testing::ValuesIn(kTroubles),
                         [](const auto& trouble) { return std::string(trouble.param.name); });

using FaultOfAll = FaultOfOneMember;

TEST_P(FaultOfAll, IsAnErrorInTheReaderAndNeverAWrongByteNorForEver) {
  make_files(native() / "d", 3, 300000);
  start_behind_shapers(2, "[metadata]\npatience = \"1s\"\ntimeout = \"3s\"\n[read]\nread_timeout = \"6s\"\n");
  ASSERT_EQ(run({"ls", pt("d")}).status, 0);
  fault_everywhere(GetParam().fault, GetParam().argument);
  const ProgramResult read = run({"cat", pt("d/f001")}, 60s);
  EXPECT_FALSE(read.timed_out);
  EXPECT_EQ(read.out, ramp_bytes(0, read.out.size(), 1));
  if (read.out.size() < 300000) {
    EXPECT_EQ(read.status, 1) << "a short file is a wrong one";
    EXPECT_EQ(read.err.find("No such file"), std::string::npos) << read.err;
  }
  EXPECT_EQ(run({"ls", pt("d")}).out, "f000\nf001\nf002\n");
  fault_everywhere(ShaperFault::none);
}

INSTANTIATE_TEST_SUITE_P(Kinds, FaultOfAll, testing::ValuesIn(kTroubles),
                         [](const auto& trouble) { return std::string(trouble.param.name); });

TEST_F(Faults, AMemberThatRecoversServesAgain) {
  make_files(native() / "d", 200, 1000);
  start_behind_shapers(2);
  ASSERT_EQ(run({"ls", pt("d")}).status, 0);
  shaper(0).set_fault(ShaperFault::refuse);
  for (int i = 0; i < 6; ++i) {
    EXPECT_EQ(read_file(pt("d/" + numbered(i))).text.size(), 1000U);
    EXPECT_EQ(source_of("d/" + numbered(i)), "/pt.balance1");
  }
  shaper(0).set_fault(ShaperFault::none);
  int next = 6;
  EXPECT_TRUE(eventually(
      [&] {
        std::this_thread::sleep_for(300ms);
        const std::string name = "d/" + numbered(next++ % 200);
        return read_file(pt(name)).error == 0 && source_of(name) == "/pt";
      },
      60s));
}

TEST_F(Faults, TheOnlyMemberIsWaitedForWhenItAsksForPatience) {
  write_file(native() / "big", ramp_bytes(0, kSize, 7));
  start_behind_shapers(1);
  const int fd = open(pt("big").c_str(), O_RDONLY);
  char byte = 0;
  ASSERT_EQ(read(fd, &byte, 1), 1);
  shaper(0).set_fault(ShaperFault::throttled, 2);
  std::jthread relief([&] {
    std::this_thread::sleep_for(3s);
    shaper(0).set_fault(ShaperFault::none);
  });
  const FileContent rest = rest_of(fd);
  close(fd);
  EXPECT_EQ(rest.error, 0);
  EXPECT_TRUE(rest.text == ramp_bytes(1, kSize - 1, 7));
}

TEST_F(Faults, AFailureElsewhereMovesNoHandle) {
  write_file(native() / "big", ramp_bytes(0, kSize, 7));
  make_files(native() / "d", 12, 1000);
  start_behind_shapers(3);
  ASSERT_EQ(run({"ls", pt("d")}).status, 0);
  const int fd = open(pt("big").c_str(), O_RDONLY);
  char byte = 0;
  ASSERT_EQ(read(fd, &byte, 1), 1);
  const std::string source = source_of("big");
  shaper((index_of_source("big") + 1) % 3).set_fault(ShaperFault::refuse);
  for (int i = 0; i < 12; ++i) EXPECT_EQ(read_file(pt("d/" + numbered(i))).error, 0);
  const FileContent rest = rest_of(fd);
  close(fd);
  EXPECT_TRUE(rest.text == ramp_bytes(1, kSize - 1, 7));
  EXPECT_EQ(source_of("big"), source);
}

TEST_F(Faults, ASlowMemberIsNotADeadOne) {
  write_file(native() / "big", ramp_bytes(0, 2U << 20U, 7));
  start_behind_shapers(2);
  ShaperSettings slow;
  slow.in_all = 400000;
  slow.round_trip = 200ms;
  for (const auto& each : shapers_) each->set_settings(slow);
  const FileContent content = read_file(pt("big"));
  EXPECT_EQ(content.error, 0);
  EXPECT_TRUE(content.text == ramp_bytes(0, 2U << 20U, 7));
  const int source = index_of_source("big");
  EXPECT_LT(shaper(1 - source).counts().bytes, 50000U) << "nothing but listings";
}

}  // namespace
}  // namespace balancefs::test
