// Opens come from the members in turn, one step per handle that needs a member, whatever else programs look
// at. Counted twice: by the attribute that names the member, and by the members' own request logs.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "mount/balanced_mount.h"
#include "support/ramp_bytes.h"

namespace balancefs::test {
namespace {

constexpr int kFiles = 12;  // a multiple of 2, 3 and 4
constexpr std::size_t kSize = 20000;

class Fairness : public BalancedMount, public testing::WithParamInterface<int> {
 protected:
  void SetUp() override {
    MountTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    make_files(native() / "d", kFiles, kSize);
    start_members(GetParam());
    mount();
  }
  static std::string file(int i) { return "d/" + numbered(i); }

  /// The members in the order in which they served, starting anywhere, repeat exactly.
  void expect_exact_rotation(const std::vector<std::string>& sources) {
    const auto members = static_cast<std::size_t>(GetParam());
    const std::set<std::string> first(sources.begin(), sources.begin() + GetParam());
    EXPECT_EQ(first.size(), members) << fmt::format("{}", fmt::join(sources, " "));
    for (std::size_t i = members; i < sources.size(); ++i) {
      EXPECT_EQ(sources[i], sources[i - members]) << fmt::format("{}", fmt::join(sources, " "));
    }
    for (int i = 0; i < GetParam(); ++i) {
      const auto share = static_cast<int>(sources.size()) / GetParam();
      // A server writes its log line after the client has its bytes.
      EXPECT_TRUE(eventually([&] { return files_served(i, "d") >= share; })) << member_name(i);
      EXPECT_EQ(files_served(i, "d"), share) << member_name(i);
    }
  }

  std::string read_and_name(int i) {
    EXPECT_EQ(read_file(pt(file(i))).text, ramp_bytes(0, kSize, static_cast<std::uint32_t>(i)));
    return source_of(file(i));
  }
};

TEST_P(Fairness, FilesOpenedInTurnComeFromTheMembersInTurn) {
  std::vector<std::string> sources;
  for (int i = 0; i < kFiles; ++i) sources.push_back(read_and_name(i));
  expect_exact_rotation(sources);
}

TEST_P(Fairness, LookingBeforeEachOpenTakesNoStep) {
  std::vector<std::string> sources;
  for (int i = 0; i < kFiles; ++i) {
    for (int look = 0; look < 3; ++look) ASSERT_EQ(run({"stat", pt(file(i))}).status, 0);
    sources.push_back(read_and_name(i));
  }
  expect_exact_rotation(sources);
}

TEST_P(Fairness, ListingsAndChecksumsBetweenTakeNoStep) {
  std::vector<std::string> sources;
  for (int i = 0; i < kFiles; ++i) {
    ASSERT_EQ(run({"ls", "-l", pt("d")}).status, 0);
    ASSERT_EQ(run({"find", pt(), "-ls"}).status, 0);
    ASSERT_EQ(run({"md5sum", pt(file(i))}).status, 0);
    sources.push_back(source_of(file(i)));
  }
  expect_exact_rotation(sources);
}

TEST_P(Fairness, OpensThatReadNothingTakeNoStep) {
  std::vector<std::string> sources;
  for (int i = 0; i < kFiles; ++i) {
    ASSERT_EQ(open_error(pt(file(i))), 0);
    ASSERT_EQ(open_error(pt(file((i + 1) % kFiles))), 0);
    sources.push_back(read_and_name(i));
  }
  expect_exact_rotation(sources);
}

TEST_P(Fairness, WhatIsHeldIsReadAgainWithoutAStep) {
  std::vector<std::string> sources;
  for (int i = 0; i < kFiles; ++i) {
    sources.push_back(read_and_name(i));
    for (int again = 0; again < 2; ++again) EXPECT_EQ(read_and_name(i), sources.back());
  }
  expect_exact_rotation(sources);
}

TEST_P(Fairness, HandlesOpenAtTheSameTimeTakeTurnsToo) {
  std::vector<int> handles;
  for (int i = 0; i < kFiles; ++i) handles.push_back(open(pt(file(i)).c_str(), O_RDONLY));
  std::vector<std::string> sources;
  for (int i = 0; i < kFiles; ++i) {
    char byte = 0;
    EXPECT_EQ(pread(handles[static_cast<std::size_t>(i)], &byte, 1, 100), 1);
    sources.push_back(source_of(file(i)));
  }
  for (const int handle : handles) close(handle);
  expect_exact_rotation(sources);
}

INSTANTIATE_TEST_SUITE_P(Members, Fairness, testing::Values(2, 3, 4),
                         [](const auto& members) { return std::to_string(members.param); });

class Weights : public BalancedMount {};

TEST_F(Weights, AMemberOfWeightTwoServesTwiceAsMany) {
  make_files(native() / "d", kFiles, kSize);
  start_members(2);
  MountConfig config = balanced(members_);
  config.storages.at(1).extra = "weight = 2\n";
  app_ = std::make_unique<MountedApp>(config);
  std::map<std::string, int> served;
  for (int i = 0; i < kFiles; ++i) {
    read_file(pt("d/" + numbered(i)));
    ++served[source_of("d/" + numbered(i))];
  }
  EXPECT_EQ(served["/pt"], kFiles / 3);
  EXPECT_EQ(served["/pt.balance1"], kFiles * 2 / 3);
}

TEST_F(Weights, AStandbyOfAHigherTierServesOnlyWhenTheOthersAreGone) {
  make_files(native() / "d", kFiles, kSize);
  start_members(3);
  MountConfig config = balanced(members_);
  config.storages.at(2).extra = "tier = 1\n";
  app_ = std::make_unique<MountedApp>(config);
  for (int i = 0; i < 4; ++i) {
    read_file(pt("d/" + numbered(i)));
    EXPECT_NE(source_of("d/" + numbered(i)), "/pt.balance2");
  }
  member(0).stop();
  member(1).stop();
  EXPECT_EQ(read_file(pt("d/" + numbered(5))).text, ramp_bytes(0, kSize, 5));
  EXPECT_EQ(source_of("d/" + numbered(5)), "/pt.balance2");
}

TEST_F(Weights, ADrainedMemberServesNothingButStillCounts) {
  start_separate_members(2);
  write_file(member(0).root() / "both", "same");
  write_file(member(1).root() / "both", "same");
  write_file(member(1).root() / "only here", "x");
  MountConfig config = balanced(members_);
  config.storages.at(1).extra = "enabled = false\n";
  app_ = std::make_unique<MountedApp>(config);
  EXPECT_EQ(run({"ls", pt()}).out, "both\nonly here\n");
  EXPECT_EQ(read_file(pt("both")).text, "same");
  EXPECT_EQ(source_of("both"), "/pt");
}

}  // namespace
}  // namespace balancefs::test
