// What is asked ahead of programs that walk, what it costs the members, and that it harms nobody.
#include "unit/meta/cache_fixture.h"
#include "unit/meta/walked_tree.h"

namespace balancefs::test {
namespace {

using namespace std::chrono_literals;

class ListingAheadTest : public CacheTest {
 protected:
  static std::string folder(std::size_t i) { return "d" + WalkedTree::number(i); }
  /// `count` folders in the root, with a file in each.
  void add_folders(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) group.add_file(folder(i) + "/film", 1);
  }
  void set_latency(Duration latency) { group[0].latency = group[1].latency = latency; }
  void walk(std::size_t count, std::size_t from = 0) {
    if (from == 0) {
      EXPECT_EQ(said(list("")), "ok");
    }
    for (std::size_t i = from; i < count; ++i) EXPECT_EQ(said(list(folder(i))), "ok") << folder(i);
  }
  void age(Duration time) { t.pass(time, time / 20); }
};

TEST_F(ListingAheadTest, ListingOfOneFolderIsOneRequest) {
  // SEMANTICS: "A program that lists one folder, or goes down a path, causes no request beyond its own."
  add_folders(200);
  EXPECT_EQ(names("").size(), 200u);
  for (std::size_t i = 0; i < 200; ++i) EXPECT_EQ(said(lookup(folder(i))), "ok");
  age(5s);
  EXPECT_EQ(group.lists, 1);
}

TEST_F(ListingAheadTest, WalkTakesAFewRoundTripsAndOneRequestAFolder) {
  // SEMANTICS: "Of a program that walks through a tree, the folders that it will come to next are listed
  // ahead"
  add_folders(200);
  set_latency(40ms);
  EXPECT_LT(time_of([&] { walk(200); }), 1s);
  age(5s);
  EXPECT_EQ(group.lists, 201);
  EXPECT_LE(group.most_at_once, 17);
  EXPECT_EQ(group.priorities[10], Priority::prefetch);
  EXPECT_EQ(group.priorities[0], Priority::metadata);
}

TEST_F(ListingAheadTest, WalkOfWhatIsFreshAsksForNothing) {
  add_folders(200);
  walk(200);
  walk(200);
  age(5s);
  EXPECT_EQ(group.lists, 201);
}

TEST_F(ListingAheadTest, WhatWasListedAheadIsAnsweredAndNobodyIsTold) {
  add_folders(20);
  walk(2);
  t.pass(1s);
  EXPECT_EQ(group.lists_of[folder(2)], 1);
  EXPECT_EQ(names(folder(2)), (Names{"film"}));
  EXPECT_EQ(group.lists_of[folder(2)], 1);
  EXPECT_EQ(use().fresh_for(path(folder(2))), 59s);
  EXPECT_TRUE(log.changed.empty());
}

TEST_F(ListingAheadTest, ProgramThatComesToAFolderUnderWayRaisesItsRequest) {
  add_folders(20);
  set_latency(1s);
  walk(1);
  Flow<Result<std::shared_ptr<const Directory>>> second(t.executor(), use().list(path(folder(1))));
  t.pass(500ms);
  ASSERT_EQ(group.lists_of[folder(2)], 1);
  const RequestContext& ahead = *group.asked.at(3);
  EXPECT_FALSE(ahead.awaited);
  EXPECT_EQ(ahead.priority, Priority::prefetch);
  Flow<Result<std::shared_ptr<const Directory>>> third(t.executor(), use().list(path(folder(2))));
  t.pass(100ms);
  EXPECT_TRUE(ahead.awaited);
  EXPECT_EQ(ahead.priority, Priority::metadata);
  t.pass(1s);
  ASSERT_TRUE(third.done());
  EXPECT_EQ(said(second.take()), "ok");
  EXPECT_EQ(said(third.take()), "ok");
  EXPECT_EQ(group.lists_of[folder(2)], 1);
}

TEST_F(ListingAheadTest, KilledProgramLeavesWhatIsUnderWayAndNothingFollows) {
  // SEMANTICS: "what a program that ended had in front of it is not asked for any more"
  add_folders(200);
  set_latency(40ms);
  walk(100);
  const int before = group.lists;
  age(60s);
  EXPECT_LE(group.lists, before + 16);
  EXPECT_LE(group.lists, 101 + 16);
}

TEST_F(ListingAheadTest, FailureAheadIsNoNews) {
  add_folders(20);
  set_latency(100ms);
  walk(1);
  Flow<Result<std::shared_ptr<const Directory>>> second(t.executor(), use().list(path(folder(1))));
  t.pass(50ms, 10ms);
  ASSERT_EQ(group.lists_of[folder(2)], 1);
  break_member(0);
  break_member(1);
  t.pass(1s);
  second.take();
  mend_member(0);
  mend_member(1);
  EXPECT_FALSE(use().lagging(0));
  EXPECT_EQ(names(folder(2)), (Names{"film"})) << "the program's own question is asked at once";
  EXPECT_EQ(group.lists_of[folder(2)], 2);
  EXPECT_TRUE(use().proves_absence(path(folder(2))));
}

TEST_F(ListingAheadTest, FailureAheadDoesNotHoldBackAQuestionAboutWhatIsOld) {
  add_folders(20);
  walk(20);
  age(11min);
  group.add_file(folder(3) + "/new", 1);
  set_latency(100ms);
  walk(2);
  break_member(0);
  break_member(1);
  t.pass(1s);
  mend_member(0);
  mend_member(1);
  EXPECT_EQ(names(folder(3)), (Names{"film", "new"}));
}

TEST_F(ListingAheadTest, AnswerOfOneMemberAheadCountsAsAProgramsWould) {
  add_folders(20);
  break_member(1);
  walk(20);
  age(1s);
  EXPECT_LE(group.lists, 22) << "the member that fails is not asked again for each of them";
}

TEST_F(ListingAheadTest, MemberThatLagsIsNotAskedAhead) {
  add_folders(20);
  names("");
  age(11min);
  group[1].stall = true;
  names("");
  ASSERT_TRUE(use().lagging(1));
  const int before = group[1].counts.list;
  walk(20);
  t.pass(1s);
  EXPECT_LE(group[1].counts.list, before + 3) << "what the program asked for itself";
}

TEST_F(ListingAheadTest, SilenceAheadMakesNobodyLag) {
  add_folders(20);
  walk(1);
  group[1].stall = true;
  Flow<Result<std::shared_ptr<const Directory>>> second(t.executor(), use().list(path(folder(1))));
  t.pass(30s, 1s);
  second.cancel();
  t.pass(10min, 10s);
  EXPECT_FALSE(use().lagging(0));
  EXPECT_FALSE(use().lagging(1));
}

TEST_F(ListingAheadTest, StaleTreeIsAnsweredAtOnceAndAskedForSixteenAtATime) {
  // SEMANTICS: "at most 16 requests that nobody waits for are under way at once"
  add_folders(200);
  walk(200);
  age(2min);
  group.most_at_once = 0;
  set_latency(40ms);
  EXPECT_EQ(time_of([&] { walk(200); }), 0s);
  t.pass(10s, 10ms);
  EXPECT_EQ(group.lists, 2 * 201);
  EXPECT_LE(group.most_at_once, 16);
  EXPECT_TRUE(use().proves_absence(path(folder(150))));
}

TEST_F(ListingAheadTest, OldTreeIsAskedForAheadAsAnUnknownOne) {
  add_folders(200);
  walk(200);
  age(11min);
  set_latency(40ms);
  EXPECT_LT(time_of([&] { walk(200); }), 1s);
  EXPECT_EQ(group.lists, 2 * 201);
}

TEST_F(ListingAheadTest, RevalidationThatHangsHoldsUpOthersForPatienceAtMost) {
  add_folders(40);
  walk(40);
  age(2min);
  group[0].stall = group[1].stall = true;
  walk(20);
  const int hanging = group.lists;
  EXPECT_LE(hanging, 41 + 16);
  t.pass(6s, 1s);
  walk(40, 20);
  EXPECT_GT(group.lists, hanging);
}

TEST_F(ListingAheadTest, WhatWasListedAheadIsKeptUntilItIsAskedFor) {
  add_folders(100);
  use().set_bounds(8, 1'000'000);
  set_latency(40ms);
  walk(100);
  age(5s);
  EXPECT_LE(group.lists, 110);
}

TEST_F(ListingAheadTest, CloseEndsWhatIsUnderWayAhead) {
  add_folders(50);
  walk(1);
  group[0].stall = group[1].stall = true;
  Flow<Result<std::shared_ptr<const Directory>>> second(t.executor(), use().list(path(folder(1))));
  t.pass(1s);
  EXPECT_GT(group.at_once, 1);
  t.run_void(use().close());
  t.settle();
  EXPECT_EQ(said(second.take()), "cancelled");
  EXPECT_EQ(group.at_once, 0);
  cache.reset();
}

}  // namespace
}  // namespace balancefs::test
