// What is known of directories survives a restart, and leaves memory without a request.
#include <gtest/gtest.h>

#include "support/hung_disk.h"
#include "unit/meta/kept_fixture.h"

namespace balancefs::test {
namespace {

using namespace std::chrono_literals;

class RecallTest : public KeptTest {};

// SEMANTICS: "What is known of directories survives a restart, whatever the cache mode."
TEST_F(RecallTest, AllMembersDownListsWhatItKnewAfterARestart) {
  group[0].add_file("a/one", 1);
  group[1].add_file("a/two", 2);
  start();
  names("");
  names("a");
  break_all();
  stop();
  t.clock.advance(24h);
  start();
  EXPECT_EQ(names(""), (Names{"a"}));
  EXPECT_EQ(names("a"), (Names{"one", "two"}));
  EXPECT_EQ(said(lookup("a/two")), "ok");
  EXPECT_EQ(said(open("a/one")), "ok");
  EXPECT_EQ(said(list("b")), "unavailable") << "nothing is known of it";
}

TEST_F(RecallTest, AQuickRestartCostsNoRequestAndProvesAbsence) {
  group.add_file("a/one", 1);
  start();
  names("a");
  const int asked = group.lists;
  t.pass(20s);
  restart();
  EXPECT_EQ(names("a"), (Names{"one"}));
  EXPECT_EQ(said(lookup("a/nothing")), "not_found");
  EXPECT_TRUE(use().proves_absence(path("a")));
  EXPECT_EQ(group.lists, asked);
  t.pass(41s);
  EXPECT_FALSE(use().proves_absence(path("a"))) << "its age went on";
}

TEST_F(RecallTest, WhatIsOlderThanItsTimeIsServedAndRevalidated) {
  group.add_file("a/one", 1);
  start();
  names("a");
  stop();
  t.clock.advance(5min);
  group.add_file("a/two", 1);
  group[0].latency = group[1].latency = 4s;
  start();
  const int asked = group.lists;
  EXPECT_EQ(time_of([&] { EXPECT_EQ(names("a"), (Names{"one"})); }), 0s);
  EXPECT_EQ(use().fresh_for(path("a")), 1s) << "so that not every name of it is asked for again";
  EXPECT_FALSE(use().proves_absence(path("a")));
  t.pass(5s);
  EXPECT_EQ(group.lists, asked + 1);
  EXPECT_EQ(names("a"), (Names{"one", "two"}));
  EXPECT_EQ(log.changed, (std::set<std::string>{"a/two"}));
}

TEST_F(RecallTest, WhatIsVeryOldIsAskedForFirstWithinPatience) {
  group.add_file("a/one", 1);
  start();
  names("a");
  stop();
  t.clock.advance(2h);
  group.add_file("a/two", 1);
  start();
  EXPECT_EQ(names("a"), (Names{"one", "two"}));
  stop();
  t.clock.advance(2h);
  group[0].stall = group[1].stall = true;
  start();
  EXPECT_EQ(time_of([&] { EXPECT_EQ(names("a"), (Names{"one", "two"})); }), 5s);
  group[0].stall = group[1].stall = false;
}

TEST_F(RecallTest, AnOldListingProvesNoAbsence) {
  group.add_file("a/one", 1);
  start();
  names("a");
  stop();
  t.clock.advance(2min);
  group.add_file("a/two", 1);
  start();
  EXPECT_EQ(said(lookup("a/two")), "ok") << "the revalidation is waited for";
}

// SEMANTICS: "After a crash nothing that was kept proves that a name is absent."
TEST_F(RecallTest, AfterACrashNamesAreThereAndProveNoAbsence) {
  group.add_file("a/one", 1);
  start();
  names("a");
  written();
  const int asked = group.lists;
  crash();
  group.add_file("a/two", 1);
  EXPECT_EQ(names("a"), (Names{"one"}));
  EXPECT_EQ(said(lookup("a/two")), "ok");
  EXPECT_EQ(group.lists, asked + 1);
  break_all();
  crash();
  EXPECT_NE(names("a"), (Names{"unavailable"}));
  EXPECT_EQ(said(lookup("a/one")), "ok");
  EXPECT_EQ(said(lookup("a/three")), "unavailable") << "it may have been seen and not been written";
}

TEST_F(RecallTest, AClockThatWentBackwardCountsAsStale) {
  group.add_file("a/one", 1);
  start();
  names("a");
  stop();
  skew = -1h;
  group.add_file("a/two", 1);
  start();
  EXPECT_EQ(names("a"), (Names{"one", "two"})) << "asked first";
  stop();
  skew = -2h;
  break_all();
  start();
  EXPECT_EQ(names("a"), (Names{"one", "two"}));
  EXPECT_FALSE(use().proves_absence(path("a")));
}

// SEMANTICS: "A storage that was pointed elsewhere starts with nothing."
TEST_F(RecallTest, AMemberThatWasPointedElsewhereStartsWithNothing) {
  group[0].add_file("a/one", 1);
  group[1].add_file("a/two", 2);
  start();
  names("a");
  break_member(1);
  stop();
  keys[1] = 777;
  start();
  EXPECT_EQ(names("a"), (Names{"one"}));
  EXPECT_EQ(said(lookup("a/two")), "unavailable") << "its new server has said nothing yet";
  EXPECT_FALSE(use().proves_absence(path("a")));
  mend_member(1);
  t.pass(3s);
  EXPECT_EQ(names("a"), (Names{"one", "two"}));
}

TEST_F(RecallTest, MembersAreKnownByWhatTheyAreNotByTheirPlace) {
  group[0].add_file("a/one", 1);
  group[1].add_file("a/two", 2);
  start();
  names("a");
  break_all();
  stop();
  std::swap(keys[0], keys[1]);
  start();
  const auto listing = list("a");
  ASSERT_TRUE(listing.has_value());
  EXPECT_EQ((*listing)->find("one")->info.member, 1u);
  EXPECT_EQ((*listing)->find("two")->info.member, 0u);
}

TEST_F(RecallTest, AMemberThatIsDownKeepsItsWordOverManyRestarts) {
  group[0].add_file("a/one", 1);
  group[1].add_file("a/two", 2);
  start();
  names("a");
  break_member(1);
  for (int day = 0; day < 3; ++day) {
    stop();
    t.clock.advance(24h);
    start();
    EXPECT_EQ(names("a"), (Names{"one", "two"}));
    t.pass(1min);
  }
}

TEST_F(RecallTest, StaleIfErrorBoundsWhatWasKeptToo) {
  options.stale_if_error = 1h;
  group.add_file("a/one", 1);
  start();
  names("a");
  break_all();
  stop();
  t.clock.advance(30min);
  start();
  EXPECT_EQ(names("a"), (Names{"one"}));
  stop();
  t.clock.advance(31min);
  start();
  EXPECT_EQ(names("a"), (Names{"unavailable"}));
}

// SEMANTICS: "What leaves memory comes back from the store, without a request."
TEST_F(RecallTest, WhatMemoryHadNoRoomForComesBackWithoutARequest) {
  // Not side by side: a walk that is foreseen would use the little room.
  const auto nth = [](int i) { return "d" + std::to_string(i) + "/sub"; };
  for (int i = 0; i < 20; ++i) group.add_file(nth(i) + "/one", 1);
  start();
  use().set_bounds(3, 1000);
  for (int i = 0; i < 20; ++i) names(nth(i));
  written();
  names("");  // makes the table look for room
  const int asked = group.lists;
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(names(nth(i)), (Names{"one"}));
    EXPECT_TRUE(use().proves_absence(path(nth(i))));
  }
  EXPECT_EQ(group.lists, asked);
  EXPECT_GE(store->snapshot().loaded, 16u);
}

TEST_F(RecallTest, EqualQuestionsShareOneLoad) {
  group.add_file("a/one", 1);
  start();
  names("a");
  restart();
  std::vector<std::unique_ptr<Flow<Result<DirectoryEntry>>>> flows;
  for (int i = 0; i < 20; ++i) {
    flows.push_back(
        std::make_unique<Flow<Result<DirectoryEntry>>>(t.executor(), use().lookup(path("a/one"))));
  }
  t.settle();
  for (auto& flow : flows) {
    ASSERT_TRUE(flow->done());
    EXPECT_EQ(said(flow->take()), "ok");
  }
  EXPECT_EQ(store->snapshot().loaded, 1u);
}

TEST_F(RecallTest, SizesThatWereMadeExactStayExact) {
  group.add_file("a/one", 1'234'567);
  for (std::size_t m = 0; m < 2; ++m) group[m].nodes["a/one"].info.size_kind = SizeKind::rounded;
  start();
  ASSERT_EQ(lookup("a/one")->info.size, 1'234'567u);
  const int asked = group.stats;
  break_all();
  stop();
  t.clock.advance(24h);
  start();
  const auto entry = lookup("a/one");
  ASSERT_TRUE(entry.has_value());
  EXPECT_EQ(entry->info.size, 1'234'567u);
  EXPECT_EQ(entry->info.size_kind, SizeKind::exact);
  EXPECT_EQ(group.stats, asked);
}

// SEMANTICS: "A store that does not answer within 1 s is not waited for again before it does."
TEST_F(RecallTest, ADiskThatDoesNotAnswerIsWaitedForOnce) {
  for (const char* name : {"a/one", "b/one", "c/one"}) group.add_file(name, 1);
  start();
  for (const char* each : {"a", "b", "c"}) names(each);
  restart();
  const int asked = group.lists;
  t.elsewhere = nullptr;  // time passes although the thread has not answered
  {
    const HungDisk hung;
    EXPECT_EQ(time_of([&] { EXPECT_EQ(names("a"), (Names{"one"})); }), 1s);
    EXPECT_EQ(time_of([&] { EXPECT_EQ(names("b"), (Names{"one"})); }), 0s);
    EXPECT_EQ(group.lists, asked + 2);
  }
  t.elsewhere = [this] { return store && store->busy(); };
  t.settle();
  EXPECT_EQ(names("c"), (Names{"one"}));
  EXPECT_EQ(group.lists, asked + 2) << "it answers again";
}

TEST_F(RecallTest, ADiskThatDoesNotAnswerKeepsNoDirectoriesInMemory) {
  const auto nth = [](int i) { return "d" + std::to_string(i) + "/sub"; };
  for (int i = 0; i < 40; ++i) group.add_file(nth(i) + "/one", 1);
  start();
  for (int i = 0; i < 40; ++i) names(nth(i));
  restart();
  use().set_bounds(3, 1000);
  t.elsewhere = nullptr;
  {
    const HungDisk hung;
    for (int i = 0; i < 40; ++i) EXPECT_EQ(names(nth(i)), (Names{"one"}));
    EXPECT_LE(use().directories(), 6u) << "one that is asked for, and what memory has room for";
  }
  t.elsewhere = [this] { return store && store->busy(); };
  t.settle();
  group[0].latency = group[1].latency = 1s;
  EXPECT_EQ(names(nth(2)), (Names{"one"}));
  EXPECT_FALSE(use().proves_absence(path(nth(2)))) << "what was shown meanwhile was not written";
}

TEST_F(RecallTest, WhatComesLateFillsInForMembersThatSaidNothing) {
  group[0].add_file("a/one", 1);
  group[1].add_file("a/two", 1);
  start();
  names("a");
  break_member(1);
  restart();
  t.elsewhere = nullptr;
  {
    const HungDisk hung;
    EXPECT_EQ(names("a"), (Names{"one"}));
  }
  t.elsewhere = [this] { return store && store->busy(); };
  t.settle();
  EXPECT_EQ(names("a"), (Names{"one", "two"}));
  EXPECT_EQ(log.changed, (std::set<std::string>{"a/two"})) << "and the kernel is told";
}

// A listing that looks like a deletion of everything is not believed at once, whatever came first.
TEST_F(RecallTest, WhatComesLateContradictsAListingOfNothing) {
  for (const char* name : {"a/one", "a/two", "a/three", "b/x"}) group.add_file(name, 1);
  start();
  names("");
  names("a");
  restart();
  group.list_nothing = {"a"};
  t.elsewhere = nullptr;
  {
    const HungDisk hung;
    EXPECT_EQ(names("a"), (Names{}));
  }
  t.elsewhere = [this] { return store && store->busy(); };
  t.settle();
  EXPECT_EQ(names("a"), (Names{"one", "three", "two"}));
  EXPECT_EQ(log.changed, (std::set<std::string>{"a/one", "a/two", "a/three"})) << "and the kernel is told";
  restart();
  EXPECT_EQ(names("a"), (Names{"one", "three", "two"})) << "nor was it kept";
}

class SingleRecall : public KeptTest {
 protected:
  SingleRecall() : KeptTest(1) {}
};

TEST_F(SingleRecall, ALargeFolderComesBackWhole) {
  for (int i = 0; i < 20'000; ++i) group.add_file("a/file number " + std::to_string(i), 1);
  start();
  EXPECT_EQ(names("a").size(), 20'000u);
  break_all();
  restart();
  EXPECT_EQ(names("a").size(), 20'000u);
}

}  // namespace
}  // namespace balancefs::test
