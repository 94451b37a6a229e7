// The user says that what is cached is stale: the next use asks, is believed, and no older answer counts.
#include "unit/meta/cache_fixture.h"

namespace balancefs::test {
namespace {

using namespace std::chrono_literals;

class RefreshTest : public CacheTest {
 protected:
  void know(std::initializer_list<const char*> folders) {
    for (const char* folder : folders) names(folder);
    asked();
  }
  /// Requests for listings since the last call.
  int asked() { return group.lists - std::exchange(seen_, group.lists); }

 private:
  int seen_ = 0;
};

TEST_F(RefreshTest, AFolderIsAskedForWithItsNextUseAndNothingBeforeThat) {
  group.add_file("a/one", 1);
  group.add_file("b/two", 1);
  know({"", "a", "b"});
  const Refreshed done = use().refresh(path("a"));
  EXPECT_EQ(done.folder, path("a"));
  EXPECT_EQ(done.listings, 1u);
  t.pass(10s);
  EXPECT_EQ(asked(), 0);
  group.add_file("a/new", 1);
  EXPECT_EQ(names("a"), (Names{"new", "one"}));
  EXPECT_EQ(asked(), 1);
  EXPECT_EQ(names("b"), (Names{"two"}));
  EXPECT_EQ(asked(), 0) << "the others are as fresh as before";
}

TEST_F(RefreshTest, WhatIsBelowIsMarkedOnlyWhenThatIsSaid) {
  group.add_file("a/b/c/deep", 1);
  group.add_file("ab/beside", 1);
  know({"", "a", "a/b", "a/b/c", "ab"});
  EXPECT_EQ(use().refresh(path("a")).listings, 1u);
  names("a/b/c");
  EXPECT_EQ(asked(), 0);
  EXPECT_EQ(use().refresh(path("a"), true).listings, 3u);
  for (const char* folder : {"a", "a/b", "a/b/c", "ab"}) names(folder);
  EXPECT_EQ(asked(), 3);
  EXPECT_EQ(use().refresh(Path(), true).listings, 5u);
}

TEST_F(RefreshTest, OfAFileAndOfANameThatIsGoneItIsTheFolder) {
  group.add_file("a/one", 1);
  group.add_file("a/b/two", 1);
  know({"", "a", "a/b"});
  for (const char* name : {"a/one", "a/gone"}) {
    EXPECT_EQ(use().refresh(path(name)).folder, path("a")) << name;
    EXPECT_FALSE(use().proves_absence(path("a")));
    EXPECT_TRUE(use().proves_absence(path("a/b")));
    names("a");
  }
  EXPECT_EQ(use().refresh(path("a/b")).folder, path("a/b"));
  EXPECT_EQ(use().refresh(path("never/heard/of")).listings, 0u);
}

TEST_F(RefreshTest, AFolderThatWasEmptiedIsBelievedAtOnce) {
  for (const char* name : {"a/one", "a/two", "a/three"}) group.add_file(name, 1);
  know({"", "a"});
  for (const char* name : {"a/one", "a/two", "a/three"}) group.remove(name);
  t.pass(61s, 1s);
  names("a");
  t.pass(1s);
  EXPECT_EQ(names("a").size(), 3u) << "not believed yet";
  use().refresh(path("a"));
  EXPECT_EQ(names("a"), Names{});
  EXPECT_EQ(log.changed, (std::set<std::string>{"a/one", "a/two", "a/three"}));
}

TEST_F(RefreshTest, AFolderThatIsGoneIsGoneAtOnce) {
  group.add_file("a/one", 1);
  group.add_file("b", 1);
  know({"", "a"});
  group.remove("a");
  use().refresh(path("a"));
  EXPECT_EQ(names("a"), (Names{"not_found"}));
  EXPECT_EQ(said(lookup("a")), "not_found");
  EXPECT_EQ(said(lookup("b")), "ok");
}

TEST_F(RefreshTest, TheEmptinessOfTheFolderAboveIsNotWhatTheUserSaid) {
  group.add_file("a/one", 1);
  group.add_file("b", 1);
  know({"", "a"});
  group.remove("b");
  group.remove("a");
  use().refresh(path("a"));
  EXPECT_EQ(names(""), (Names{"a", "b"})) << "the root lists nothing: nobody said that it may";
  EXPECT_EQ(names("a"), (Names{"one"}));
  use().refresh(Path(), true);
  EXPECT_EQ(names(""), Names{});
  EXPECT_EQ(names("a"), (Names{"not_found"}));
}

TEST_F(RefreshTest, TheNextSuccessIsBelievedHoweverMuchLaterItComes) {
  group.add_file("one", 1);
  know({""});
  break_member(0);
  break_member(1);
  use().refresh(Path());
  EXPECT_EQ(names(""), (Names{"one"})) << "a failure is no word about the folder";
  group.remove("one");
  t.pass(1h, 1min);
  mend_member(0);
  mend_member(1);
  EXPECT_EQ(names(""), Names{});
}

TEST_F(RefreshTest, AnAnswerThatWasUnderWayIsNotTheAnswer) {
  group.add_file("a/one", 1);
  group[0].latency = group[1].latency = 1s;
  Flow<Result<std::shared_ptr<const Directory>>> before(t.executor(), use().list(path("a")));
  t.pass(500ms);
  use().refresh(path("a"));
  Flow<Result<std::shared_ptr<const Directory>>> after(t.executor(), use().list(path("a")));
  t.pass(600ms);
  EXPECT_FALSE(after.done()) << "the older answer has come";
  group.add_file("a/new", 1);
  t.pass(1s);
  ASSERT_TRUE(after.done());
  EXPECT_EQ((*after.take())->size(), 2u);
  ASSERT_TRUE(before.done());
  EXPECT_EQ(asked(), 2);
}

TEST_F(RefreshTest, AMemberThatAnOlderRequestStillWaitsForIsAskedAgain) {
  group.add_file("a/one", 1);
  know({"", "a"});
  group[1].latency = 4min;
  t.pass(11min, 1min);
  names("a");  // gives the member up: it lags
  const int before = group[1].counts.list;
  t.pass(61s, 1s);
  names("a");
  t.pass(1s);
  ASSERT_EQ(group[1].counts.list, before) << "the older request still waits for it";
  use().refresh(path("a"));
  group[1].latency = 0s;
  names("a");
  EXPECT_EQ(group[1].counts.list, before + 1);
}

TEST_F(RefreshTest, ALateAnswerIsTakenAlthoughTheOthersWereAskedAgainMeanwhile) {
  group.add_file("a/one", 1);
  know({"", "a"});
  group[1].latency = 4min;
  t.pass(11min, 1min);
  names("a");
  t.pass(61s, 1s);
  names("a");  // asks the others alone
  group[1].add_file("a/late", 1);
  t.pass(4min, 1s);
  EXPECT_TRUE(log.changed.contains("a/late"));
}

TEST_F(RefreshTest, EmptinessIsBelievedOfAYoungerAnswerOnly) {
  group.add_file("one", 1);
  know({""});
  group[0].latency = group[1].latency = 1s;
  use().expire(Path());
  Flow<Result<std::shared_ptr<const Directory>>> before(t.executor(), use().list(Path()));
  t.pass(500ms);
  use().refresh(Path());
  group.remove("one");
  t.pass(600ms);
  ASSERT_TRUE(before.done());
  EXPECT_EQ((*before.take())->size(), 1u) << "asked before the user said so";
  EXPECT_EQ(names(""), Names{}) << "and the user's word still counts";
}

TEST_F(RefreshTest, AFileThatWasAskedForAloneIsAskedForAgain) {
  group.add_file("a/one", 1000);
  for (int m = 0; m < 2; ++m) group[m].nodes["a/one"].info.size_kind = SizeKind::rounded;
  EXPECT_EQ(said(lookup("a/one")), "ok");
  EXPECT_EQ(said(lookup("a/one")), "ok");
  EXPECT_EQ(group.stats, 1);
  for (int m = 0; m < 2; ++m) group[m].nodes["a/one"].info.size = 1001;  // the page's row is as before
  use().refresh(path("a/one"));
  const auto entry = lookup("a/one");
  ASSERT_TRUE(entry.has_value());
  EXPECT_EQ(entry->info.size, 1001u);
  EXPECT_EQ(group.stats, 2);
}

TEST_F(RefreshTest, AQuestionAboutOneFileThatWasUnderWayIsNotJoined) {
  group.add_file("a/one", 1000);
  for (int m = 0; m < 2; ++m) group[m].nodes["a/one"].info.size_kind = SizeKind::rounded;
  know({"a"});
  group[0].latency = 1s;
  Flow<Result<DirectoryEntry>> before(t.executor(), use().lookup(path("a/one")));
  t.pass(500ms);
  EXPECT_EQ(group.stats, 1);
  use().refresh(path("a"));
  const auto entry = lookup("a/one");
  EXPECT_EQ(said(entry), "ok");
  EXPECT_EQ(group.stats, 2);
  EXPECT_TRUE(before.done());
}

}  // namespace
}  // namespace balancefs::test
