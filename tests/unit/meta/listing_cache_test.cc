// What a caller gets: freshness, waiting, sharing, and attributes of single files.
#include "unit/meta/cache_fixture.h"

namespace balancefs::test {
namespace {

using namespace std::chrono_literals;

class ListingCacheTest : public CacheTest {};

TEST_F(ListingCacheTest, DirectoryIsTheUnionOfWhatItsMembersHold) {
  group[0].add_file("a/one", 10);
  group[1].add_file("a/one", 10);
  group[1].add_file("a/two", 20);
  const auto listing = list("a");
  ASSERT_TRUE(listing.has_value());
  EXPECT_EQ(names("a"), (Names{"one", "two"}));
  EXPECT_EQ((*listing)->find("one")->copies.size(), 2u);
  EXPECT_EQ((*listing)->find("two")->info.member, 1u);
  EXPECT_TRUE((*listing)->complete());
  EXPECT_EQ(use().fresh_for(path("a")), 60s);
  EXPECT_TRUE(use().proves_absence(path("a")));
  EXPECT_FALSE((*listing)->find("three").has_value());
}

TEST_F(ListingCacheTest, EveryMemberIsAskedOnceHoweverManyNamesAreLookedUp) {
  for (int i = 0; i < 50; ++i) group.add_file("a/" + std::to_string(i), 1);
  for (int i = 0; i < 50; ++i) EXPECT_EQ(said(lookup("a/" + std::to_string(i))), "ok");
  EXPECT_EQ(said(lookup("a/nothing")), "not_found");
  EXPECT_EQ(group.lists, 1);
  EXPECT_EQ(group.stats, 0);
}

TEST_F(ListingCacheTest, EqualQuestionsInFlightShareOneAnswer) {
  group.add_file("a/one", 1);
  group[0].latency = group[1].latency = 1s;
  std::vector<std::unique_ptr<Flow<Result<DirectoryEntry>>>> flows;
  for (int i = 0; i < 20; ++i) {
    flows.push_back(
        std::make_unique<Flow<Result<DirectoryEntry>>>(t.executor(), use().lookup(path("a/one"))));
  }
  t.pass(2s);
  for (auto& flow : flows) {
    ASSERT_TRUE(flow->done());
    EXPECT_EQ(said(flow->take()), "ok");
  }
  EXPECT_EQ(group.lists, 1);
}

TEST_F(ListingCacheTest, CancelledWaiterLeavesTheRequestAlive) {
  group.add_file("a/one", 1);
  group[0].latency = group[1].latency = 10s;
  Flow<Result<DirectoryEntry>> first(t.executor(), use().lookup(path("a/one")));
  Flow<Result<DirectoryEntry>> second(t.executor(), use().lookup(path("a/one")));
  t.pass(1s);
  ASSERT_EQ(group.awaited.size(), 1u);
  EXPECT_TRUE(*group.awaited[0]);
  first.cancel();
  t.settle();
  EXPECT_TRUE(first.done());
  EXPECT_TRUE(*group.awaited[0]);
  second.cancel();
  t.settle();
  EXPECT_TRUE(second.done());
  EXPECT_FALSE(*group.awaited[0]) << "nobody waits any more, but the request goes on";
  t.pass(10s);
  EXPECT_EQ(said(lookup("a/one")), "ok");
  EXPECT_EQ(group.lists, 1);
  EXPECT_EQ(first.take().error().kind, ErrorKind::cancelled);
  EXPECT_EQ(second.take().error().kind, ErrorKind::cancelled);
}

TEST_F(ListingCacheTest, CloseEndsRequestsAndWaiters) {
  group.add_file("a/one", 1);
  group[0].stall = group[1].stall = true;
  Flow<Result<DirectoryEntry>> waiter(t.executor(), use().lookup(path("a/one")));
  t.pass(1s);
  t.run_void(use().close());
  t.settle();
  ASSERT_TRUE(waiter.done());
  EXPECT_EQ(said(waiter.take()), "cancelled");
  EXPECT_EQ(group[0].counts.running, 0);
  cache.reset();
}

TEST_F(ListingCacheTest, StaleListingIsServedWhileOneRequestRevalidatesIt) {
  group.add_file("a/one", 1);
  EXPECT_EQ(names("a"), (Names{"one"}));
  t.pass(61s, 1s);
  EXPECT_EQ(use().fresh_for(path("a")), 0s);
  group.add_file("a/two", 2);
  group[0].latency = group[1].latency = 1s;
  EXPECT_EQ(names("a"), (Names{"one"}));
  t.pass(2s);
  EXPECT_EQ(names("a"), (Names{"one", "two"}));
  EXPECT_EQ(group.lists, 2);
  EXPECT_EQ(log.changed, (std::set<std::string>{"a/two"}));
}

TEST_F(ListingCacheTest, SizeOfANewerStateNeverStandsBesideTheValidatorOfAnOlderOne) {
  group.add_file("a/one", 10, 1);
  const ObjectInfo listed = list("a").value()->find("one")->info;
  t.pass(61s, 1s);
  group.add_file("a/one", 20, 2);
  group[0].fail_list = group[1].fail_list = Error(ErrorKind::unavailable, "no listings");
  EXPECT_EQ(open("a/one")->info, listed) << "the stat says that it changed, no listing says to what";
  EXPECT_EQ(list("a").value()->find("one")->info, listed);
  group[0].fail_list = group[1].fail_list = std::nullopt;
  t.pass(3s);
  EXPECT_EQ(open("a/one")->info.size, 20u);
}

TEST_F(ListingCacheTest, FolderWithAnotherTimeKeepsItsName) {
  // Its name taken from the kernel, programs would lose their working folder, and mounts below it would go.
  group.add_file("a/one", 1);
  EXPECT_EQ(names(""), (Names{"a"}));
  for (std::size_t m = 0; m < group.size(); ++m) group[m].nodes["a"].info.validator.modified = FileTime(1h);
  t.pass(11min, 1min);
  EXPECT_EQ(list("").value()->find("a")->info.validator.modified, FileTime(1h));
  EXPECT_TRUE(log.changed.empty());
}

TEST_F(ListingCacheTest, BeyondMaxStaleItIsRefetchedFirst) {
  group.add_file("a/one", 1);
  EXPECT_EQ(names("a"), (Names{"one"}));
  t.pass(601s, 10s);
  group.add_file("a/two", 2);
  EXPECT_EQ(names("a"), (Names{"one", "two"}));
}

TEST_F(ListingCacheTest, LookupOfAnUnlistedNameWaitsForTheRevalidation) {
  group.add_file("a/one", 1);
  EXPECT_EQ(said(lookup("a/two")), "not_found");
  group.add_file("a/two", 2);
  EXPECT_EQ(said(lookup("a/two")), "not_found") << "a fresh listing proves absence";
  t.pass(61s, 1s);
  EXPECT_EQ(said(lookup("a/two")), "ok");
}

TEST_F(ListingCacheTest, AfterPatienceTheLastCompleteListingAnswersAndTheMemberLags) {
  group.add_file("a/one", 1);
  names("a");
  t.pass(61s, 1s);
  group[1].stall = true;
  EXPECT_EQ(time_of([&] { EXPECT_EQ(said(lookup("a/two")), "not_found"); }), 5s);
  EXPECT_TRUE(use().lagging(1));
  EXPECT_FALSE(use().lagging(0));
  EXPECT_EQ(time_of([&] { EXPECT_EQ(said(lookup("a/three")), "not_found"); }), 0s) << "not waited for again";
  group[1].stall = false;
  t.pass(1s);
  EXPECT_FALSE(use().lagging(1));
}

TEST_F(ListingCacheTest, LookupOfAnUnlistedNameWaitsOnceWhateverIsSeenMeanwhile) {
  group.add_file("a/one", 1);
  names("a");
  t.pass(601s, 10s);
  group[0].latency = group[1].latency = 4s;
  Flow<Result<DirectoryEntry>> waiter(t.executor(), use().lookup(path("a/two")));
  t.pass(1s);
  use().expire(path("a"));
  t.pass(4s);
  ASSERT_TRUE(waiter.done()) << "after `patience`";
  EXPECT_EQ(said(waiter.take()), "not_found");
}

TEST_F(ListingCacheTest, FolderThatIsGoneAndItsParentAreWaitedForWithinOneBound) {
  group.add_file("keep", 1);
  names("");
  EXPECT_EQ(names("b"), (Names{"not_found"}));
  t.pass(601s, 10s);
  group[0].latency = group[1].latency = 4s;
  EXPECT_EQ(time_of([&] { EXPECT_EQ(said(lookup("b/x")), "not_found"); }), 5s);
  t.pass(650s, 10s);
  break_member(0);
  break_member(1);
  EXPECT_EQ(time_of([&] { EXPECT_EQ(names("b"), (Names{"not_found"})); }), 5s)
      << "the parent is asked at 4 s";
}

TEST_F(ListingCacheTest, ListingThatIsAskedForWhenMostOfTheBoundIsGoneMakesNoMemberLag) {
  group.add_file("a/one", 1);
  names("a");
  pass_ttl();
  group.add_file("a/one", 2, 2);
  group[0].latency = group[1].latency = 4s;
  EXPECT_EQ(time_of([&] { EXPECT_EQ(open("a/one")->info.size, 1u); }), 5s);
  EXPECT_FALSE(use().lagging(0));
}

TEST_F(ListingCacheTest, SizeThatIsAskedForTwiceIsWaitedForWithinOneBound) {
  group[0].add_file("a/one", 1'234'567);
  group[0].nodes["a/one"].info.size_kind = SizeKind::rounded;
  names("a");
  group[0].remove("a/one");
  group[0].latency = 40s;
  EXPECT_EQ(time_of([&] { EXPECT_EQ(said(lookup("a/one")), "timed_out"); }), 60s);
}

TEST_F(ListingCacheTest, LaggingMemberDoesNotHideWhatTheOthersList) {
  group.add_file("a/one", 1);
  names("a");
  t.pass(61s, 1s);
  group[1].stall = true;
  lookup("a/two");
  t.pass(61s, 1s);
  group[0].add_file("a/two", 2);
  EXPECT_EQ(said(lookup("a/two")), "ok");
  EXPECT_EQ(group[1].counts.list, 2) << "its request is still under way: not asked twice";
}

TEST_F(ListingCacheTest, ListingThatTakesAMinuteFillsTheCacheForTheNextCaller) {
  group.add_file("a/one", 1);
  group[0].latency = group[1].latency = 90s;
  EXPECT_EQ(time_of([&] { EXPECT_EQ(said(list("a")), "timed_out"); }), 60s);
  EXPECT_TRUE(use().lagging(0));
  EXPECT_EQ(time_of([&] { EXPECT_EQ(names("a"), (Names{"one"})); }), 30s);
  EXPECT_EQ(group.lists, 1);
  EXPECT_FALSE(use().lagging(0));
  t.pass(61s, 1s);
  EXPECT_EQ(time_of([&] { EXPECT_EQ(names("a"), (Names{"one"})); }), 0s);
}

TEST_F(ListingCacheTest, LaggingMemberIsNotWaitedForOnceAnotherAnswered) {
  group.add_file("a/one", 1);
  group.add_file("b/two", 1);
  group[1].stall = true;
  EXPECT_EQ(time_of([&] { EXPECT_EQ(names("a"), (Names{"one"})); }), 60s) << "no answer of it was at hand";
  EXPECT_EQ(time_of([&] { EXPECT_EQ(names("b"), (Names{"two"})); }), 0s);
  EXPECT_FALSE(use().proves_absence(path("b")));
  EXPECT_EQ(use().fresh_for(path("b")), 0s);
}

TEST_F(ListingCacheTest, ExpiredListingIsAskedForAgainFirst) {
  group.add_file("a/one", 1);
  names("a");
  group.add_file("a/one", 2);
  use().expire(path("a"));
  EXPECT_EQ(use().fresh_for(path("a")), 0s);
  EXPECT_EQ(lookup("a/one")->info.size, 2u);
  EXPECT_EQ(use().fresh_for(path("a")), 60s);
}

TEST_F(ListingCacheTest, FailedTryIsNotRepeatedForEveryName) {
  group.add_file("a/one", 1);
  names("a");
  t.pass(61s, 1s);
  break_member(0);
  break_member(1);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(said(lookup("a/new" + std::to_string(i))), "not_found");
  EXPECT_EQ(group.lists, 2);
}

TEST_F(ListingCacheTest, OpenOfAFreshFileAsksNobody) {
  group.add_file("a/one", 1);
  names("a");
  EXPECT_EQ(said(open("a/one")), "ok");
  EXPECT_EQ(group.stats, 0);
}

TEST_F(ListingCacheTest, OpenOfAStaleFileAsksForItAlone) {
  group.add_file("a/one", 1);
  names("a");
  t.pass(61s, 1s);
  EXPECT_EQ(said(open("a/one")), "ok");
  EXPECT_EQ(said(open("a/one")), "ok");
  EXPECT_EQ(group.stats, 1);
  EXPECT_EQ(group.lists, 1);
}

TEST_F(ListingCacheTest, OpenFollowsAChangeOnAllMembersAndKeepsThemEqual) {
  group.add_file("a/one", 1);
  names("a");
  t.pass(61s, 1s);
  group.add_file("a/one", 2, 2);
  const auto entry = open("a/one");
  ASSERT_TRUE(entry.has_value());
  EXPECT_EQ(entry->info.size, 2u);
  EXPECT_EQ(entry->copies.size(), 2u);
  EXPECT_EQ(log.changed, (std::set<std::string>{"a/one"}));
}

TEST_F(ListingCacheTest, OpenWaitsForPatienceAndThenTakesTheLastGoodAnswer) {
  group.add_file("a/one", 1);
  names("a");
  t.pass(61s, 1s);
  group[0].stall = true;
  EXPECT_EQ(time_of([&] { EXPECT_EQ(said(open("a/one")), "ok"); }), 5s);
  EXPECT_EQ(time_of([&] { EXPECT_EQ(said(open("a/one")), "ok"); }), 0s);
}

TEST_F(ListingCacheTest, OpenOfARemovedFileIsNotFoundOnceTheListingAgrees) {
  group.add_file("a/one", 1);
  group.add_file("a/two", 1);
  names("a");
  t.pass(61s, 1s);
  group[0].fail_stat = Error(ErrorKind::not_found, "404");
  group[1].fail_stat = Error(ErrorKind::not_found, "404");
  EXPECT_EQ(said(open("a/one")), "ok") << "404, but still listed";
  group.remove("a/one");
  use().expire(path("a"));
  EXPECT_EQ(said(open("a/one")), "not_found");
}

TEST_F(ListingCacheTest, RoundedSizesAreExactForALookupAndAskedForOnce) {
  group.add_file("a/one", 1'234'567);
  for (int m = 0; m < 2; ++m) group[m].nodes["a/one"].info.size_kind = SizeKind::rounded;
  EXPECT_EQ((*list("a"))->find("one")->info.size, 1'200'000u);
  EXPECT_EQ(lookup("a/one")->info.size, 1'234'567u);
  EXPECT_EQ(lookup("a/one")->info.size_kind, SizeKind::exact);
  EXPECT_EQ(lookup("a/one")->copies.size(), 2u);
  EXPECT_EQ(group.stats, 1);
  t.pass(61s, 1s);
  names("a");
  t.pass(1s);
  EXPECT_EQ(lookup("a/one")->info.size, 1'234'567u);
  EXPECT_EQ(group.stats, 1) << "the row is the same: its size still holds";
}

TEST_F(ListingCacheTest, UnknownSizeComesFromAnotherMemberWhenTheAuthorityIsDown) {
  group.add_file("a/one", 1'234'567);
  for (int m = 0; m < 2; ++m) group[m].nodes["a/one"].info.size_kind = SizeKind::unknown;
  names("a");
  break_member(0);
  EXPECT_EQ(lookup("a/one")->info.size, 1'234'567u);
  break_member(1);
  use().expire(path("a"));
  EXPECT_EQ(said(lookup("a/one")), "unavailable");
}

TEST_F(ListingCacheTest, LeastRecentlyUsedDirectoriesGoFirst) {
  use().set_bounds(2, 1000);
  for (const char* name : {"a/1", "b/2", "c/3"}) group.add_file(name, 1);
  names("a");
  names("b");
  names("a");
  names("c");
  EXPECT_EQ(use().directories(), 2u);
  EXPECT_EQ(group.lists, 3);
  names("a");
  EXPECT_EQ(group.lists, 3);
  names("b");
  EXPECT_EQ(group.lists, 4);
}

class SingleStorageTest : public CacheTest {
 protected:
  SingleStorageTest() : CacheTest(1) {}
};

TEST_F(SingleStorageTest, StorageThatIsNoGroupIsAGroupOfOne) {
  FakeStorage alone("/pt", t.executor(), t.clock);
  alone.add_file("a/one", 7);
  ListingCache single(alone, 1, rules, options, t.executor(), t.clock, nullptr);
  EXPECT_EQ(t.run(single.lookup(path("a/one")))->info.size, 7u);
  EXPECT_EQ(said(t.run(single.lookup(path("a/two")))), "not_found");
  EXPECT_EQ(said(t.run(single.list(path("a/one")))), "not_found") << "a file is not a directory";
  EXPECT_EQ(said(t.run(single.list(path("b")))), "not_found");
  EXPECT_EQ(said(t.run(single.lookup(path("b/c/d")))), "not_found");
  t.run_void(single.close());
}

}  // namespace
}  // namespace balancefs::test
