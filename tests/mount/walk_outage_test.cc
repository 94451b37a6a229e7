// Programs that walk a tree while members stop in the middle: what they print is the truth as far as it goes,
// what is missing has an error that says so, and what was shown once is shown again.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <sstream>

#include "mount/shaped_members.h"

namespace balancefs::test {
namespace {

using namespace std::chrono_literals;

constexpr const char* kImpatient =
    "[metadata]\nttl = \"1s\"\nmax_stale = \"1s\"\npatience = \"1s\"\ntimeout = \"2s\"\n";
constexpr int kFiles = 4;
/// Far above every bound of kImpatient for the folders of these tests.
constexpr auto kWalkLimit = 100s;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

class WalkOutage : public ShapedMembers {
 protected:
  /// d000/f000 ... d000/f003, d001/f000, ...
  void make_tree(int folders) {
    for (int i = 0; i < folders; ++i) make_files(native() / folder(i), kFiles, 100);
    folders_ = folders;
  }
  static std::string folder(int i) { return fmt::format("d{:03}", i); }

  std::vector<std::string> find_command() const {
    return {"find", pt(), "-mindepth", "1", "-printf", "%P\\n"};
  }
  ProgramResult find() const { return run(find_command(), kWalkLimit); }
  /// find, with something done as soon as the members were asked so many questions.
  ProgramResult find_and_after(std::uint64_t requests, const std::function<void()>& step) {
    const std::uint64_t before = requests_of_all();
    Program walk(find_command());
    EXPECT_TRUE(eventually([&] { return requests_of_all() >= before + requests; }));
    step();
    return walk.finish(kWalkLimit);
  }
  void fault_everywhere(ShaperFault fault) {
    for (const auto& each : shapers_) each->set_fault(fault);
  }

  /// What is printed is true and printed once; a folder that is not shown whole has an error of its own,
  /// which is EIO; and the status says whether there was one.
  void expect_honest(const ProgramResult& walk) const {
    EXPECT_FALSE(walk.timed_out);
    const std::vector<std::string> lines = lines_of(walk.out);
    const std::set<std::string> printed(lines.begin(), lines.end());
    EXPECT_EQ(printed.size(), lines.size()) << "nothing twice";
    for (const std::string& error : lines_of(walk.err))
      EXPECT_TRUE(error.ends_with("Input/output error")) << error;
    std::size_t in_tree = 0;
    for (int i = 0; i < folders_; ++i) in_tree += expect_honest_folder(folder(i), printed, walk);
    EXPECT_EQ(in_tree, printed.size()) << "nothing that is not there";
    if (printed.size() < everything()) {
      EXPECT_FALSE(walk.err.empty()) << "a shorter listing without an error";
    }
    EXPECT_EQ(walk.status, walk.err.empty() ? 0 : 1) << walk.err;
  }
  std::size_t everything() const { return static_cast<std::size_t>(folders_) * (kFiles + 1); }
  void expect_everything(const ProgramResult& walk) const {
    expect_honest(walk);
    EXPECT_EQ(lines_of(walk.out).size(), everything());
    EXPECT_EQ(walk.err, "");
  }
  static void expect_contains(const ProgramResult& later, const ProgramResult& earlier) {
    const std::vector<std::string> lines = lines_of(later.out);
    const std::set<std::string> shown(lines.begin(), lines.end());
    for (const std::string& name : lines_of(earlier.out))
      EXPECT_TRUE(shown.contains(name)) << name << " is gone";
  }

 private:
  /// How many of its paths, its own included, were printed.
  std::size_t expect_honest_folder(const std::string& name, const std::set<std::string>& printed,
                                   const ProgramResult& walk) const {
    std::size_t files = 0;
    for (int i = 0; i < kFiles; ++i) files += printed.count(name + "/" + numbered(i));
    const std::size_t own = printed.count(name);
    if (own == 1 && files < kFiles) {
      EXPECT_NE(walk.err.find("/" + name), std::string::npos)
          << name << " is shown shorter, and nobody says so";
    }
    return own + files;
  }

  int folders_ = 0;
};

// SEMANTICS: "A member that is down keeps contributing its last good listing."
TEST_F(WalkOutage, OneOfTwoStopsInTheMiddleAndNothingIsMissing) {
  make_tree(40);
  start_shaped(2, kImpatient, away(10ms));
  expect_everything(find_and_after(20, [&] { shaper(0).set_fault(ShaperFault::refuse); }));
}

TEST_F(WalkOutage, OneOfTwoFreezesInTheMiddleAndNothingIsMissing) {
  make_tree(40);
  start_shaped(2, kImpatient, away(10ms));
  expect_everything(find_and_after(20, [&] { shaper(1).set_fault(ShaperFault::stall); }));
}

TEST_F(WalkOutage, AllStopInTheMiddleAndWhatIsNotShownIsAnError) {
  make_tree(120);
  start_shaped(2, kImpatient, away(200ms));
  const ProgramResult broken = find_and_after(12, [&] { fault_everywhere(ShaperFault::refuse); });
  expect_honest(broken);
  EXPECT_EQ(broken.status, 1) << "most folders were not listed yet when everything stopped";
  const ProgramResult again = find();
  expect_honest(again);
  expect_contains(again, broken);
}

TEST_F(WalkOutage, AllFreezeInTheMiddleAndTheWalkEnds) {
  make_tree(60);
  start_shaped(2, kImpatient, away(20ms));
  const ProgramResult whole = find();
  expect_everything(whole);
  fault_everywhere(ShaperFault::stall);
  std::this_thread::sleep_for(1100ms);  // past the ttl: every folder is asked for again
  expect_everything(find());
}

TEST_F(WalkOutage, FrozenMembersEndAWalkOverFoldersThatNobodyKnows) {
  make_tree(3);
  start_shaped(2, kImpatient);
  ASSERT_EQ(run({"ls", pt()}).status, 0);
  fault_everywhere(ShaperFault::stall);
  const ProgramResult walk = find();
  expect_honest(walk);
  EXPECT_EQ(walk.status, 1);
  EXPECT_EQ(lines_of(walk.err).size(), 3U) << walk.err;
}

}  // namespace
}  // namespace balancefs::test
