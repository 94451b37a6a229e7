// Programs that walk through a tree, and programs that do not: how many requests each member gets.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <thread>

#include "mount/shaped_members.h"

namespace balancefs::test {
namespace {

using namespace std::chrono_literals;

constexpr int kFolders = 200;
constexpr int kFilesInEach = 5;

class Walk : public ShapedMembers {
 protected:
  void SetUp() override {
    MountTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    make_tree("flat", "{:03}");
  }
  /// 200 folders with files in each; their names from their number.
  void make_tree(const std::string& at, const std::string& name_format) const {
    for (int i = 0; i < kFolders; ++i) {
      const auto folder = native() / at / fmt::format(fmt::runtime(name_format), i);
      for (int k = 0; k < kFilesInEach; ++k) write_file(folder / fmt::format("file {}", k), "x");
    }
  }
  void start(std::chrono::milliseconds round_trip) {
    ShaperSettings settings;
    settings.round_trip = round_trip;
    start_shaped(2, "", settings);
  }
  /// The most that any member was asked while this ran, and shortly after.
  template <class Act>
  std::uint64_t requests_during(Act act) {
    std::vector<std::uint64_t> before;
    for (const auto& each : shapers_) before.push_back(each->counts().requests);
    act();
    std::this_thread::sleep_for(500ms);  // what follows a program that has ended
    std::uint64_t most = 0;
    for (std::size_t i = 0; i < shapers_.size(); ++i) {
      most = std::max(most, shapers_[i]->counts().requests - before[i]);
    }
    return most;
  }
  static std::size_t lines(const std::string& text) {
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
  }
  static constexpr std::size_t kNames = 1 + kFolders + kFolders * kFilesInEach;
};

TEST_F(Walk, AsksEachMemberForEachFolderOnce) {
  make_tree("deep", "{:03}/inner");
  make_tree("for du", "{:03}");
  make_tree("for ls", "{:03}");
  start(40ms);
  const std::vector<std::pair<std::vector<std::string>, std::uint64_t>> programs = {
      {{"find", pt("flat"), "-printf", "%s %p\n"}, kFolders + 1},
      {{"find", pt("deep"), "-printf", "%s %p\n"}, 2 * kFolders + 1},
      {{"du", "-a", pt("for du")}, kFolders + 1},
      {{"ls", "-lR", pt("for ls")}, kFolders + 1}};
  for (const auto& [program, folders] : programs) {
    const std::uint64_t requests = requests_during([&] {
      const ProgramResult result = run(program);
      EXPECT_EQ(result.status, 0) << result.text();
      EXPECT_GE(lines(result.out), kNames);
    });
    EXPECT_GE(requests, folders) << fmt::format("{}", fmt::join(program, " "));
    EXPECT_LE(requests, folders + folders / 10) << fmt::format("{}", fmt::join(program, " "));
  }
  EXPECT_GT(shaper(0).counts().most_open, 8U) << "several at once";
  EXPECT_LE(shaper(0).counts().most_open, 20U) << "but not all";
}

TEST_F(Walk, ListingOneFolderWithManyFoldersIsOneRequest) {
  make_tree("other", "{:03}");
  start(10ms);
  ASSERT_EQ(run({"stat", pt("flat"), pt("other")}).status, 0);
  EXPECT_EQ(requests_during([&] { EXPECT_EQ(lines(run({"ls", pt("flat")}).out), 200U); }), 1U);
  EXPECT_EQ(requests_during([&] { EXPECT_EQ(lines(run({"ls", "-l", pt("other")}).out), 201U); }), 1U);
}

TEST_F(Walk, SecondRsyncAsksForNothing) {
  start(10ms);
  const std::vector<std::string> rsync = {"rsync", "-an", "--stats", pt("flat").string() + "/",
                                          scratch_.path() / "none"};
  const auto sync = [&] {
    const ProgramResult result = run(rsync);
    EXPECT_EQ(result.status, 0) << result.text();
    EXPECT_NE(result.out.find("Number of regular files transferred: 1,000"), std::string::npos) << result.out;
  };
  const std::uint64_t first = requests_during(sync);
  EXPECT_GE(first, 201U);
  EXPECT_LE(first, 221U);
  EXPECT_EQ(requests_during(sync), 0U);
}

TEST_F(Walk, KilledProgramStopsIt) {
  start(100ms);
  Program find({"find", pt("flat"), "-printf", "%s\n"});
  ASSERT_TRUE(eventually([&] { return shaper(0).counts().requests > 40; }));
  find.signal(SIGKILL);
  EXPECT_TRUE(find.wait(kProgramLimit));
  const std::uint64_t at_the_end = shaper(0).counts().requests;
  std::this_thread::sleep_for(1s);  // ten round trips
  EXPECT_LE(shaper(0).counts().requests, at_the_end + 16);
  EXPECT_LT(shaper(0).counts().requests, 150U);
}

}  // namespace
}  // namespace balancefs::test
