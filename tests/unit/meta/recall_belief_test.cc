// What must not be believed is not believed because of a restart either.
#include <gtest/gtest.h>

#include "unit/meta/kept_fixture.h"

namespace balancefs::test {
namespace {

using namespace std::chrono_literals;

class RecallBelief : public KeptTest {};

TEST_F(RecallBelief, ADoubtedVanishIsNotConfirmedByRestarting) {
  for (const char* name : {"a/one", "a/two", "a/three", "b/x"}) group.add_file(name, 1);
  start();
  names("");
  names("a");
  stop();
  group.list_nothing = {"a"};
  for (int round = 0; round < 4; ++round) {
    t.clock.advance(11min);
    skew -= 11min - 5s;  // by the wall clock a few seconds pass
    start();
    use().expire(path("a"));
    EXPECT_EQ(names("a"), (Names{"one", "three", "two"})) << round;
    stop();
  }
}

TEST_F(RecallBelief, ADoubtGoesOnWhereItStood) {
  for (const char* name : {"a/one", "a/two", "a/three", "b/x"}) group.add_file(name, 1);
  start();
  names("");
  names("a");
  t.pass(11min, 10s);
  group.list_nothing = {"a"};
  EXPECT_EQ(names("a").size(), 3u) << "doubted";
  restart();
  EXPECT_EQ(names("a").size(), 3u);
  t.pass(40s);
  names("a");
  t.pass(1s);
  EXPECT_EQ(names("a").size(), 0u) << "a second listing, 30 s after the first, agrees";
}

TEST_F(RecallBelief, ARootThatIsEmptyAfterARestartStaysAsItWas) {
  group.add_file("one", 1);
  start();
  names("");
  stop();
  group.list_nothing = {""};
  t.clock.advance(1h);
  start();
  EXPECT_EQ(names(""), (Names{"one"}));
  t.pass(1h, 10s);
  EXPECT_EQ(names(""), (Names{"one"}));
  EXPECT_EQ(use().emptied_members().size(), 2u);
}

TEST_F(RecallBelief, NotFoundForEverythingAfterARestartIsBelievedOfNothing) {
  group.add_file("a/b/one", 1);
  start();
  for (const char* each : {"", "a", "a/b"}) names(each);
  break_all(ErrorKind::not_found);
  stop();
  t.clock.advance(1h);
  start();
  EXPECT_EQ(names("a/b"), (Names{"one"}));
  t.pass(20min, 10s);
  EXPECT_EQ(names("a/b"), (Names{"one"}));
  EXPECT_EQ(names("a"), (Names{"b"}));
  EXPECT_EQ(names(""), (Names{"a"}));
}

TEST_F(RecallBelief, WhatIsConfirmedAbsentStaysAbsent) {
  group.add_file("a/one", 1);
  group[0].add_file("b/two", 1);
  start();
  for (const char* each : {"", "a", "b"}) names(each);
  restart();
  break_member(1);
  EXPECT_EQ(names("b"), (Names{"two"})) << "the other member has said that it has no such folder";
  EXPECT_EQ(said(lookup("b/three")), "not_found");
}

TEST_F(RecallBelief, AStorageThatIsPutBackShowsNoOldNamesAsFresh) {
  group[0].add_file("a/one", 1);
  for (const char* name : {"a/stays", "a/goes"}) group[1].add_file(name, 1);
  start();
  names("a");
  stop();
  t.clock.advance(20min);
  group[1].remove("a/goes");
  const MemberKey first = std::exchange(keys[1], 999);
  start();
  names("a");
  stop();
  keys[1] = first;
  start();
  const int asked = group.lists;
  EXPECT_EQ(names("a"), (Names{"one", "stays"}));
  EXPECT_EQ(group.lists, asked + 1);
}

// SEMANTICS: "After a crash nothing that was kept proves that a name is absent."
TEST_F(RecallBelief, WhatACrashLeftProvesNoAbsenceAfterACleanEndEither) {
  group.add_file("a/one", 1);
  start();
  names("a");
  written();
  crash();
  break_member(1);
  names("a");
  t.pass(1s);
  EXPECT_EQ(said(lookup("a/two")), "unavailable");
  restart();
  EXPECT_NE(said(lookup("a/two")), "not_found") << "of the second member nothing newer is known";
  mend_member(1);
  use().expire(path("a"));
  EXPECT_EQ(said(lookup("a/two")), "not_found");
}

TEST_F(RecallBelief, CopiesThatChangedInPlaceStayDivergent) {
  group.add_file("a/one", 10);
  start();
  names("a");
  group[1].add_file("a/one", 10, 0, 2);
  t.pass(61s, 1s);
  names("a");
  t.pass(1s);
  ASSERT_EQ(use().divergent_paths(), (std::vector<std::string>{"a/one"}));
  restart();
  const auto entry = lookup("a/one");
  ASSERT_TRUE(entry.has_value());
  EXPECT_EQ(entry->copies.size(), 1u);
  EXPECT_EQ(entry->divergent, (std::vector<MemberIndex>{1}));
  EXPECT_EQ(use().divergent_paths(), (std::vector<std::string>{"a/one"}));
}

TEST_F(RecallBelief, WhatWasRefreshedOutOfMemoryIsAskedForAndBelieved) {
  for (const char* name : {"a/one", "a/two", "a/three", "b/x"}) group.add_file(name, 1);
  start();
  names("");
  names("a");
  restart();
  use().refresh(path("a"));
  group.list_nothing = {"a"};
  EXPECT_EQ(names("a"), (Names{})) << "the user said so";
}

TEST_F(RecallBelief, ExpiringABranchReachesDirectoriesOutOfMemory) {
  for (const char* name : {"a/one", "a/b/two", "c/three"}) group.add_file(name, 1);
  start();
  for (const char* each : {"a", "a/b", "c"}) names(each);
  restart();
  kept->expire_below(path("a"), DirectoryExpiry::expired);
  const int asked = group.lists;
  group.add_file("a/b/four", 1);
  EXPECT_EQ(names("a/b"), (Names{"four", "two"}));
  EXPECT_EQ(group.lists, asked + 1);
  names("c");
  EXPECT_EQ(group.lists, asked + 1) << "it is fresh";
}

TEST_F(RecallBelief, AnExpiredDirectoryIsExpiredAfterARestart) {
  group.add_file("a/one", 1);
  start();
  names("a");
  use().expire(path("a"));
  restart();
  group.add_file("a/two", 1);
  EXPECT_EQ(names("a"), (Names{"one", "two"}));
}

}  // namespace
}  // namespace balancefs::test
