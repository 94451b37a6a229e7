// Which programs are taken for walks, and what is listed ahead of them.
#include "meta/tree_foresight.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "unit/meta/walked_tree.h"

namespace balancefs::test {
namespace {

using namespace std::chrono_literals;

class TreeForesightTest : public testing::Test {
 protected:
  static Path path(std::string_view text) { return WalkedTree::path(text); }
  /// Time of the program's way in round trips.
  double round_trips(TimePoint since) const {
    return std::chrono::duration<double>(program.now() - since) /
           std::chrono::duration<double>(WalkingProgram::kRoundTrip);
  }
  WalkedTree tree;
  WalkingProgram program{tree};
};

TEST_F(TreeForesightTest, FolderThatIsLookedAtAloneCausesNothing) {
  tree.add_levels(Path(), 200, 1);
  program.list(Path());
  program.finish();
  EXPECT_EQ(program.requests(), 1u);
}

TEST_F(TreeForesightTest, WayDownIsNoWalk) {
  tree.add_levels(Path(), 5, 4);
  program.walk({Path(), path("d0002"), path("d0002/d0001"), path("d0002/d0001/d0003")});
  program.finish();
  EXPECT_EQ(program.requests(), 4u);
}

TEST_F(TreeForesightTest, UnrelatedFoldersAreNoWalk) {
  tree.add_levels(path("a"), 5, 1);
  tree.add_levels(path("b"), 5, 1);
  program.walk({path("a"), path("b"), path("a/d0001"), path("b/d0001")});
  program.finish();
  EXPECT_EQ(program.requests(), 4u);
}

TEST_F(TreeForesightTest, FoldersOpenedByHandAreNoWalk) {
  tree.add_levels(Path(), 20, 1);
  program.list(Path());
  for (std::size_t i = 0; i < 5; ++i) {
    program.pause(3s);
    program.list(path("d" + WalkedTree::number(i)));
  }
  program.finish();
  EXPECT_EQ(program.requests(), 6u);
}

TEST_F(TreeForesightTest, FolderThatIsListedTwiceIsOneStep) {
  tree.add_levels(Path(), 20, 1);
  program.walk({Path(), path("d0000"), path("d0000")});
  program.finish();
  EXPECT_EQ(program.requests(), 2u);
}

TEST_F(TreeForesightTest, SecondFolderInAFolderBeginsAWalkWithTwoAhead) {
  tree.add_levels(Path(), 20, 1);
  program.walk({Path(), path("d0000"), path("d0001")});
  program.finish();
  EXPECT_EQ(program.requests(), 5u);
  EXPECT_EQ(program.requests_of(path("d0002")), 1u);
  EXPECT_EQ(program.requests_of(path("d0003")), 1u);
}

TEST_F(TreeForesightTest, FlatTreeIsWalkedSixteenAtOnce) {
  tree.add_levels(Path(), 200, 1);
  const TimePoint begin = program.now();
  program.walk(tree.deep_first());
  EXPECT_EQ(program.requests(), 201u);
  EXPECT_EQ(program.misses, 3u);
  EXPECT_LE(program.most_at_once, 17u);
  EXPECT_LT(round_trips(begin), 25.0);
}

TEST_F(TreeForesightTest, DeepTreeIsFollowedDownAndUpAgain) {
  tree.add_levels(Path(), 5, 4);
  const TimePoint begin = program.now();
  program.walk(tree.deep_first());
  const std::size_t folders = tree.children.size();
  EXPECT_EQ(program.requests(), folders);
  EXPECT_LT(program.misses, 15u);
  EXPECT_LT(round_trips(begin), static_cast<double>(folders) / 8);
}

TEST_F(TreeForesightTest, BackwardsIsLearnt) {
  tree.add_levels(Path(), 14, 2);
  const TimePoint begin = program.now();
  program.walk(tree.deep_first(Path(), true));
  EXPECT_EQ(program.requests(), tree.children.size());
  EXPECT_LT(program.misses, 10u);
  EXPECT_LT(round_trips(begin), 40.0);
}

TEST_F(TreeForesightTest, LevelByLevelIsLearnt) {
  tree.add_levels(Path(), 14, 2);
  const TimePoint begin = program.now();
  program.walk(tree.level_by_level());
  EXPECT_EQ(program.requests(), tree.children.size());
  EXPECT_LT(program.misses, 10u);
  EXPECT_LT(round_trips(begin), 40.0);
}

TEST_F(TreeForesightTest, ProgramThatCountsWhatIsInAFoldersFoldersIsNotFollowedDeeper) {
  tree.add_levels(Path(), 12, 3);
  Way first_level = {Path()};
  for (const std::string& name : tree.children[Path()]) first_level.push_back(Path().child(name));
  program.walk(first_level);
  program.finish();
  EXPECT_EQ(program.requests(), first_level.size());
}

TEST_F(TreeForesightTest, WalkBelowAFolderThatWasLookedAtStaysBelow) {
  // `ls` of the root, then `find` in one of its folders: the others are nobody's business.
  tree.add_levels(Path(), 6, 3);
  program.list(Path());
  program.walk(tree.deep_first(path("d0002")));
  program.finish();
  EXPECT_EQ(program.requests(), 1 + tree.deep_first(path("d0002")).size());
}

TEST_F(TreeForesightTest, TwoProgramsAtOnceHaveTheirOwnWay) {
  tree.add_levels(path("a"), 10, 2);
  tree.add_levels(path("b"), 10, 2);
  const Way left = tree.deep_first(path("a"));
  const Way right = tree.level_by_level(path("b"));
  for (std::size_t i = 0; i < left.size(); ++i) program.walk({left[i], right[i]});
  EXPECT_EQ(program.requests(), left.size() + right.size());
  EXPECT_LT(program.misses, 20u);
  EXPECT_EQ(program.foresight().walks(), 2u);
}

TEST_F(TreeForesightTest, ProgramThatEndsLeavesAWindowAtMost) {
  tree.add_levels(Path(), 200, 1);
  Way way = tree.deep_first();
  way.resize(100);
  program.walk(way);
  program.finish();
  EXPECT_LE(program.requests(), 100u + TreeWalk::kMostWindow);
  EXPECT_EQ(program.foresight().under_way(), 0u);
}

TEST_F(TreeForesightTest, AfterAPauseNothingIsLeftOfAWalk) {
  tree.add_levels(Path(), 200, 1);
  Way way = tree.deep_first();
  way.resize(100);
  program.walk(way);
  program.pause(6s);
  const std::size_t before = program.requests();
  program.list(path("d0180"));
  program.finish();
  EXPECT_EQ(program.requests(), before + 1);
  EXPECT_EQ(program.foresight().walks(), 0u);
}

TEST_F(TreeForesightTest, ProgramThatTakesItsTimeIsNotRunAheadOf) {
  tree.add_levels(Path(), 200, 1);
  Way way = tree.deep_first();
  way.resize(40);
  for (const Path& directory : way) {
    program.list(directory);
    program.pause(1s);
  }
  EXPECT_EQ(program.misses, 3u);
  EXPECT_LE(program.requests(), way.size() + 4) << "what is ahead in time is not asked for earlier still";
}

TEST_F(TreeForesightTest, ProgramThatLeavesOutMostIsGivenUp) {
  tree.add_levels(Path(), 300, 1);
  program.list(Path());
  for (std::size_t i = 0; i < 300; i += 10) program.list(path("d" + WalkedTree::number(i)));
  program.finish();
  EXPECT_LE(program.requests(), 31u + 25u);
}

TEST_F(TreeForesightTest, FolderOfAHundredThousandFoldersIsFollowedWithinBounds) {
  for (std::size_t i = 0; i < 100'000; ++i)
    tree.children[Path()].push_back("d" + std::to_string(100'000 + i));
  for (const std::string& name : tree.children[Path()]) tree.children.try_emplace(Path().child(name));
  Way way = {Path()};
  for (std::size_t i = 0; i < 2000; ++i) way.push_back(Path().child("d" + std::to_string(100'000 + i)));
  program.walk(way);
  program.finish();
  EXPECT_LE(program.requests(), way.size() + TreeWalk::kMostWindow);
  EXPECT_EQ(program.misses, 3u);
}

// ---- any tree, any order --------------------------------------------------------------------------------

Way any_way(const WalkedTree& tree, std::mt19937& random) {
  switch (random() % 4) {
    case 0:
      return tree.deep_first();
    case 1:
      return tree.deep_first(Path(), true);
    case 2:
      return tree.level_by_level();
    default:
      return tree.at_random(random);
  }
}

RC_GTEST_PROP(TreeForesightProperty, WalkOfATreeAsksForEachFolderOnce, ()) {
  std::mt19937 random(*rc::gen::arbitrary<std::uint32_t>());
  WalkedTree tree;
  tree.add_random(random, *rc::gen::inRange<std::size_t>(1, 300));
  WalkingProgram program(tree);
  program.walk(any_way(tree, random));
  program.finish();
  RC_ASSERT(program.requests() == tree.children.size());
  RC_ASSERT(program.most_at_once <= TreeForesight::kMostAtOnce + 1);
  RC_ASSERT(program.foresight().under_way() == 0u);
}

RC_GTEST_PROP(TreeForesightProperty, WalkThatEndsAnywhereAsksForFourWindowsMoreAtMost, ()) {
  std::mt19937 random(*rc::gen::arbitrary<std::uint32_t>());
  WalkedTree tree;
  tree.add_random(random, 300);
  Way way = any_way(tree, random);
  way.resize(*rc::gen::inRange<std::size_t>(1, 300));
  WalkingProgram program(tree);
  program.walk(way);
  program.finish();
  RC_ASSERT(program.requests() <= way.size() + way.size() / 10 + 4 * TreeWalk::kMostWindow);
}

RC_GTEST_PROP(TreeForesightProperty, AnyQuestionsAtAllAreAnsweredAndNothingIsAskedTwice, ()) {
  std::mt19937 random(*rc::gen::arbitrary<std::uint32_t>());
  WalkedTree tree;
  tree.add_random(random, 100);
  const Way all = tree.level_by_level();
  WalkingProgram program(tree);
  for (int step = 0; step < 400; ++step) {
    const Path& start = all[random() % all.size()];
    const Way below = tree.deep_first(start);
    for (std::size_t i = 0; i < below.size() && i < random() % 8; ++i) program.list(below[i]);
    if (random() % 20 == 0) program.pause(std::chrono::seconds(random() % 7));
  }
  program.finish();
  for (const Path& directory : all) RC_ASSERT(program.requests_of(directory) <= 1u);
}

}  // namespace
}  // namespace balancefs::test
