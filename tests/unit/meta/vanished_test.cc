// What looks like a deletion of everything: a folder that lists nothing any more, or none of its names.
#include <gtest/gtest.h>

#include "unit/meta/cache_fixture.h"

namespace balancefs::test {
namespace {

using namespace std::chrono_literals;

class VanishedTest : public CacheTest {};

TEST_F(VanishedTest, FolderThatListsNothingIsBelievedWhenASecondListingAgreesAndTheRootHasNames) {
  group[0].add_file("a/one", 1);
  group[0].add_file("other", 1);
  group[1].add_directory("a");
  names("a");
  pass_ttl();
  group[0].remove("a/one");
  EXPECT_EQ(settled_names("a"), (Names{"one"}));
  EXPECT_EQ(said(lookup("a/one")), "ok");
  t.pass(10s);
  use().expire(path("a"));
  EXPECT_EQ(settled_names("a"), (Names{"one"})) << "less than 30 s later";
  t.pass(21s);
  use().expire(path("a"));
  EXPECT_EQ(settled_names("a"), Names{});
  EXPECT_EQ(said(lookup("a/one")), "not_found");
  EXPECT_TRUE(log.changed.contains("a/one"));
}

TEST_F(VanishedTest, FolderThatListsNothingStaysWhenTheRootListsNothingEither) {
  group.add_file("a/one", 1);
  names("");
  names("a");
  group.list_nothing = {"", "a"};
  for (int i = 0; i < 5; ++i) {
    t.pass(2min, 10s);
    EXPECT_EQ(settled_names("a"), (Names{"one"}));
  }
  EXPECT_EQ(settled_names(""), (Names{"a"}));
  group.list_nothing = {"a"};
  t.pass(2min, 10s);
  EXPECT_EQ(settled_names("a"), (Names{"one"})) << "agreed, but the root is only just well again";
  t.pass(2min, 10s);
  EXPECT_EQ(settled_names("a"), Names{});
  EXPECT_EQ(settled_names(""), (Names{"a"}));
}

TEST_F(VanishedTest, NoneOfThreeKnownNamesIsNotBelievedAtOnce) {
  for (const char* name : {"x", "y", "z"}) group[0].add_file(std::string("a/") + name, 1);
  group[1].add_directory("a");
  names("a");
  pass_ttl();
  group[0].remove("a");
  group[0].add_file("a/lost+found", 1);
  EXPECT_EQ(settled_names("a"), (Names{"x", "y", "z"}));
  t.pass(61s, 1s);
  EXPECT_EQ(settled_names("a"), (Names{"lost+found"}));
}

TEST_F(VanishedTest, TwoNamesMayBeReplacedAtOnce) {
  for (const char* name : {"x", "y"}) group[0].add_file(std::string("a/") + name, 1);
  group[1].add_directory("a");
  names("a");
  pass_ttl();
  group[0].remove("a");
  group[0].add_file("a/new", 1);
  EXPECT_EQ(settled_names("a"), (Names{"new"}));
}

TEST_F(VanishedTest, EmptiedRootStaysUntilARefreshConfirmsIt) {
  group.add_file("one", 1);
  names("");
  group.remove("one");
  for (int i = 0; i < 10; ++i) {
    t.pass(2min, 10s);
    EXPECT_EQ(settled_names(""), (Names{"one"}));
  }
  EXPECT_EQ(use().emptied_members(), (std::vector<MemberIndex>{0, 1}));
  use().refresh(Path());
  EXPECT_EQ(names(""), Names{});
  EXPECT_TRUE(use().emptied_members().empty());
}

TEST_F(VanishedTest, EmptiedRootOfOneMemberTakesNothingAway) {
  group[0].add_file("a/one", 1);
  group[1].add_file("b/two", 1);
  for (const char* each : {"", "a", "b"}) names(each);
  group[1].nodes.clear();
  group[1].add_directory("");
  t.pass(2min, 10s);
  EXPECT_EQ(settled_names(""), (Names{"a", "b"}));
  EXPECT_EQ(settled_names("b"), (Names{"two"})) << "404, but its root is not believed either";
  EXPECT_EQ(use().emptied_members(), (std::vector<MemberIndex>{1}));
}

}  // namespace
}  // namespace balancefs::test
