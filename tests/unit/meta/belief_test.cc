// Three outcomes, never two: present, absent, unknown. Only what is confirmed makes a name vanish.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "unit/meta/cache_fixture.h"

namespace balancefs::test {
namespace {

using namespace std::chrono_literals;

class BeliefTest : public CacheTest {};

TEST_F(BeliefTest, MemberThatIsDownKeepsContributingItsLastGoodListing) {
  group[0].add_file("a/one", 1);
  group[1].add_file("a/two", 2);
  EXPECT_EQ(names("a"), (Names{"one", "two"}));
  break_member(1);
  for (int hour = 0; hour < 3; ++hour) {
    t.pass(1h, 1min);
    EXPECT_EQ(settled_names("a"), (Names{"one", "two"}));
  }
  EXPECT_TRUE(use().proves_absence(path("a")));
  EXPECT_TRUE(log.changed.empty());
}

TEST_F(BeliefTest, FirstListingThatLacksAnAnswerIsShownAndNeverFresh) {
  group[0].add_file("a/one", 1);
  group[1].add_file("a/two", 2);
  break_member(1);
  const auto listing = list("a");
  ASSERT_TRUE(listing.has_value());
  EXPECT_FALSE((*listing)->complete());
  EXPECT_EQ(names("a"), (Names{"one"}));
  EXPECT_EQ(said(lookup("a/two")), "unavailable") << "EIO, not ENOENT";
  EXPECT_EQ(said(lookup("a/one")), "ok");
  EXPECT_FALSE(use().proves_absence(path("a")));
  mend_member(1);
  t.pass(3s);
  EXPECT_EQ(names("a"), (Names{"one", "two"}));
  EXPECT_EQ(log.changed, (std::set<std::string>{"a/two"}));
}

TEST_F(BeliefTest, AllMembersDownServeTheLastGoodAnswerHoweverOld) {
  group.add_file("a/one", 1);
  names("a");
  break_member(0);
  break_member(1, ErrorKind::corrupted);
  t.pass(24h, 10min);
  EXPECT_EQ(settled_names("a"), (Names{"one"}));
  EXPECT_EQ(said(lookup("a/one")), "ok");
  EXPECT_EQ(said(lookup("b/one")), "unavailable") << "nothing is known of it";
}

TEST_F(BeliefTest, StaleIfErrorBoundsTheLastGoodAnswer) {
  options.stale_if_error = 1h;
  group.add_file("a/one", 1);
  names("a");
  break_member(0);
  break_member(1);
  t.pass(30min, 1min);
  EXPECT_EQ(settled_names("a"), (Names{"one"}));
  t.pass(31min, 1min);
  EXPECT_EQ(settled_names("a"), (Names{"unavailable"}));
}

TEST_F(BeliefTest, NothingCachedAndNobodyAnswersIsUnknown) {
  break_member(0);
  break_member(1);
  EXPECT_EQ(said(list("")), "unavailable");
  EXPECT_EQ(said(lookup("a")), "unavailable");
  break_member(0, ErrorKind::denied);
  break_member(1, ErrorKind::denied);
  t.pass(3s);
  EXPECT_EQ(said(list("b")), "denied");
}

TEST_F(BeliefTest, NotFoundForEverythingIsBelievedOfNothing) {
  group.add_file("a/b/one", 1);
  for (const char* each : {"", "a", "a/b"}) names(each);
  break_member(0, ErrorKind::not_found);
  break_member(1, ErrorKind::not_found);
  t.pass(20min, 10s);
  EXPECT_EQ(settled_names("a/b"), (Names{"one"}));
  EXPECT_EQ(settled_names("a"), (Names{"b"}));
  EXPECT_EQ(settled_names(""), (Names{"a"}));
  EXPECT_TRUE(log.changed.empty());
}

TEST_F(BeliefTest, NotFoundForEverythingFromTheStartIsUnknown) {
  break_member(0, ErrorKind::not_found);
  break_member(1, ErrorKind::not_found);
  EXPECT_EQ(said(list("")), "unavailable");
  EXPECT_EQ(said(list("a/b")), "unavailable");
  EXPECT_EQ(said(lookup("a/b/c")), "unavailable");
}

TEST_F(BeliefTest, NotFoundForEverythingFromOneMemberProvesNoNameAbsent) {
  group.add_file("a/one", 1);
  group[0].add_file("a/two", 1);
  break_member(0, ErrorKind::not_found);
  EXPECT_EQ(names(""), (Names{"a"}));
  EXPECT_EQ(names("a"), (Names{"one"}));
  EXPECT_EQ(said(lookup("a/two")), "unavailable");
  EXPECT_FALSE(use().proves_absence(path("a")));
}

TEST_F(BeliefTest, NotFoundForEverythingFromOneMemberIsUnknownWhereNothingIsKnownOfTheParent) {
  // SEMANTICS: "A directory that a member answers 404 for while nothing is known of its parent is unknown"
  group.add_file("a/one", 1);
  group[0].add_file("a/two", 1);
  break_member(0, ErrorKind::not_found);
  EXPECT_EQ(names("a"), (Names{"one"}));
  EXPECT_FALSE(list("a").value()->complete());
  EXPECT_EQ(said(lookup("a/two")), "unavailable");
}

TEST_F(BeliefTest, CloseEndsConfirmationsUnderWay) {
  group.add_file("a/one", 1);
  names("");
  names("a");
  pass_ttl();
  group[0].fail_list = group[1].fail_list = Error(ErrorKind::not_found, "404");
  group[0].latency = group[1].latency = 1s;
  use().expire(path("a"));
  Flow<Result<DirectoryEntry>> waiter(t.executor(), use().lookup(path("a/two")));
  t.pass(1500ms);
  EXPECT_EQ(group.lists, 4) << "the parent is asked";
  t.run_void(use().close());
  t.settle();
  EXPECT_TRUE(waiter.done());
  EXPECT_EQ(group[0].counts.running, 0);
  cache.reset();
}

TEST_F(BeliefTest, RemovedFolderIsAbsentOnceItsParentsListingAgrees) {
  group.add_file("a/b/one", 1);
  group.add_file("a/c", 1);
  for (const char* each : {"", "a", "a/b"}) names(each);
  group.remove("a/b");
  t.pass(11min, 10s);
  EXPECT_EQ(names("a/b"), (Names{"not_found"}));
  EXPECT_EQ(said(lookup("a/b")), "not_found");
  EXPECT_TRUE(log.changed.contains("a/b"));
  EXPECT_TRUE(log.changed.contains("a/b/one"));
}

TEST_F(BeliefTest, FolderThatWasListedStaysWhenItsParentIsMissingTooAndOnlyAnOldListingSaysSo) {
  group[0].add_file("keep", 1);
  group[1].add_file("a/b/two", 1);
  for (const char* each : {"", "a"}) names(each);
  group[0].add_file("a/b/one", 1);
  EXPECT_EQ(names("a/b"), (Names{"one", "two"}));
  break_member(0, ErrorKind::not_found);
  pass_ttl();
  EXPECT_EQ(settled_names("a/b"), (Names{"one", "two"})) << "the root listed no \"a\", but that was before";
  EXPECT_FALSE(log.changed.contains("a/b/one"));
  mend_member(0);
  group[0].remove("a");
  pass_ttl();
  EXPECT_EQ(settled_names("a/b"), (Names{"two"})) << "the root is asked again, and agrees";
}

TEST_F(BeliefTest, NotFoundForANewFolderProvesNothingWhereOnlyAnOldListingLacksIt) {
  group[0].add_file("keep", 1);
  group[1].add_file("a/two", 1);
  names("");
  group[0].add_file("a/one", 1);
  break_member(0, ErrorKind::not_found);
  pass_ttl();
  EXPECT_EQ(names("a"), (Names{"two"}));
  EXPECT_EQ(said(lookup("a/one")), "unavailable");
  EXPECT_FALSE(use().proves_absence(path("a")));
  mend_member(0);
  t.pass(3s);
  EXPECT_EQ(said(lookup("a/one")), "ok");
}

TEST_F(BeliefTest, OlderGoodAnswerCountsAlthoughAYoungerRequestFailedFirst) {
  group.add_file("a/one", 1);
  group[0].latency = group[1].latency = 20s;
  Flow<Result<std::shared_ptr<const Directory>>> older(t.executor(), use().list(path("a")));
  t.pass(1s);
  group[0].latency = group[1].latency = 0s;
  group[0].fail_list = group[1].fail_list = Error(ErrorKind::unavailable, "refused");
  use().expire(path("a"));
  EXPECT_EQ(said(list("a")), "unavailable") << "the younger one";
  group[0].fail_list.reset();
  group[1].fail_list.reset();
  t.pass(20s);
  break_member(0);
  break_member(1);
  EXPECT_EQ(names("a"), (Names{"one"}));
  EXPECT_FALSE(use().proves_absence(path("a"))) << "it was asked for before the contradiction";
  EXPECT_EQ(group.lists, 3);
}

TEST_F(BeliefTest, FolderOnOneMemberOnlyIsNoFailureOfTheOthers) {
  group[1].add_file("a/one", 1);
  const auto listing = list("a");
  ASSERT_TRUE(listing.has_value());
  EXPECT_TRUE((*listing)->complete());
  EXPECT_EQ(said(lookup("a/two")), "not_found");
}

TEST_F(BeliefTest, ListingThatIsCutOffTakesNothingAway) {
  for (int i = 0; i < 10; ++i) group.add_file("a/" + std::to_string(i), 1);
  EXPECT_EQ(names("a").size(), 10u);
  group[0].cut_list_after = group[1].cut_list_after = 3;
  pass_ttl();
  EXPECT_EQ(settled_names("a").size(), 10u);
  EXPECT_EQ(said(list("")), "corrupted");
}

TEST_F(BeliefTest, MemberThatComesBackWithFewerFilesIsBelieved) {
  for (const char* name : {"a/one", "a/two", "a/three"}) group[1].add_file(name, 1);
  group[0].add_directory("a");
  EXPECT_EQ(names("a").size(), 3u);
  break_member(1);
  t.pass(11min, 10s);
  EXPECT_EQ(names("a").size(), 3u);
  group[1].remove("a/two");
  mend_member(1);
  t.pass(11min, 10s);
  EXPECT_EQ(names("a"), (Names{"one", "three"}));
  EXPECT_EQ(log.changed, (std::set<std::string>{"a/two"}));
}

TEST_F(BeliefTest, ChangeOnOneMemberOnlyMakesTheOthersDivergentUntilTheyFollow) {
  group.add_file("a/one", 5, 1);
  EXPECT_EQ(lookup("a/one")->copies.size(), 2u);
  group[0].add_file("a/one", 5, 0, 2);
  t.pass(11min, 10s);
  EXPECT_EQ(lookup("a/one")->divergent, (std::vector<MemberIndex>{1}));
  EXPECT_EQ(use().divergent_paths(), (std::vector<std::string>{"a/one"}));
  EXPECT_EQ(log.changed, (std::set<std::string>{"a/one"}));
  group[1].add_file("a/one", 5, 0, 2);
  t.pass(11min, 10s);
  EXPECT_EQ(lookup("a/one")->copies.size(), 2u);
  EXPECT_TRUE(use().divergent_paths().empty());
}

TEST_F(BeliefTest, AttributesDoNotDependOnWhichMemberIsDown) {
  group[0].add_file("a/one", 5, 0, 7);
  group[1].add_file("a/one", 5, 0, 3);
  const auto before = lookup("a/one");
  break_member(0);
  t.pass(11min, 10s);
  EXPECT_EQ(lookup("a/one")->info, before->info);
  EXPECT_EQ(open("a/one")->info, before->info);
}

/// Members fail in all ways, in any order and for any time, but nothing is ever removed.
class Trouble {
 public:
  explicit Trouble(MemberGroup& group) : group_(group) {}
  void happen(int kind, std::size_t member) {
    FakeStorage& victim = group_[member];
    switch (kind) {
      case 0:
        victim.fail_everything = Error(ErrorKind::unavailable, "refused");
        break;
      case 1:
        victim.fail_everything = Error(ErrorKind::not_found, "404");
        break;
      case 2:
        victim.fail_everything = Error(ErrorKind::corrupted, "a page");
        break;
      case 3:
        victim.fail_everything = Error(ErrorKind::denied, "403");
        break;
      case 4:
        victim.cut_list_after = 1;
        break;
      case 5:
        victim.latency = 20s;
        break;
      case 6:
        group_.list_nothing = {"", "a", "a/b"};
        break;
      default:
        mend();
    }
  }

 private:
  void mend() {
    group_.list_nothing.clear();
    for (std::size_t m = 0; m < group_.size(); ++m) {
      group_[m].fail_everything.reset();
      group_[m].cut_list_after.reset();
      group_[m].latency = 0s;
    }
  }
  MemberGroup& group_;
};

std::string view_of(TestLoop& t, ListingCache& cache) {
  std::string view;
  for (const char* at : {"", "a", "a/b"}) {
    const auto listing = t.run(cache.list(*Path::parse(at)));
    if (!listing) return "error";
    for (const DirectoryEntry& entry : (*listing)->entries()) view += entry.name + " ";
    view += "| ";
  }
  return view;
}

RC_GTEST_PROP(BeliefProperty, NothingThatWasConfirmedIsLostWhileNothingIsRemoved, ()) {
  TestLoop t;
  MemberGroup group(t, 2);
  for (const char* file : {"top", "a/one", "a/b/two", "a/b/three"}) group.add_file(file, 1);
  group[1].add_file("a/b/four", 1);
  ListingCache cache(group, 2, GroupOptions(), MetadataOptions(), t.executor(), t.clock, nullptr);
  const std::string everything = "a top | b one | four three two | ";
  RC_ASSERT(view_of(t, cache) == everything);
  Trouble trouble(group);
  const auto steps = *rc::gen::container<std::vector<int>>(10, rc::gen::inRange(0, 10));
  for (const int step : steps) {
    trouble.happen(step, *rc::gen::inRange<std::size_t>(0, 2));
    t.pass(std::chrono::seconds(*rc::gen::element(1, 40, 61, 700)), 60s);
    RC_ASSERT(view_of(t, cache) == everything);
  }
  t.run_void(cache.close());
}

}  // namespace
}  // namespace balancefs::test
