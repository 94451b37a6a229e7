// File here, folder there: whose type counts, and who is asked about what.
// SEMANTICS: "Where members hold a file and a folder of one name, the authority's type is the path's"
#include "unit/meta/cache_fixture.h"

namespace balancefs::test {
namespace {

using namespace std::chrono_literals;

class TypesTest : public CacheTest {
 protected:
  TypesTest() : CacheTest(3) {
    for (std::size_t m = 0; m < 3; ++m) group[m].add_file("other", 1);
  }
  /// What each member has at "x"; its folders hold a file named after the member.
  void members_hold(std::string_view kinds) {
    for (std::size_t m = 0; m < kinds.size(); ++m) hold(m, kinds[m]);
  }
  /// 'f': a file, 'd': a folder, '-': nothing.
  void hold(std::size_t m, char kind) {
    group[m].remove("x");
    if (kind == 'f') group[m].add_file("x", 5);
    if (kind == 'd') group[m].add_file("x/from" + std::to_string(m), 1);
    if (kind == 'd') group[m].add_file("x/sub/deep" + std::to_string(m), 1);
  }
  /// Everything is asked for anew, as after `ttl`.
  void look_again() {
    t.pass(61s, 1s);
    names("");
    t.pass(100ms);
    names("x");
    t.pass(100ms);
  }
  std::string type_of_x() {
    const auto entry = lookup("x");
    if (!entry) return said(entry);
    return entry->info.type == ObjectType::file ? "file" : "folder";
  }
  /// Which members a listing of that folder asked.
  std::set<std::size_t> asked_by(std::string_view folder) {
    std::vector<int> before;
    for (std::size_t m = 0; m < 3; ++m) before.push_back(group[m].counts.list);
    names(folder);
    std::set<std::size_t> asked;
    for (std::size_t m = 0; m < 3; ++m) {
      if (group[m].counts.list > before[m]) asked.insert(m);
    }
    return asked;
  }
  using Asked = std::set<std::size_t>;
};

TEST_F(TypesTest, TheFirstMemberInOrderThatHasThePathSaysWhatItIs) {
  const std::map<std::string, std::string> expected = {
      {"dff", "folder"}, {"fdd", "file"},   {"-df", "folder"}, {"-fd", "file"},  {"dfd", "folder"},
      {"fdf", "file"},   {"--d", "folder"}, {"ffd", "file"},   {"ddf", "folder"}};
  for (const auto& [kinds, type] : expected) {
    members_hold(kinds);
    use().refresh(Path(), true);
    EXPECT_EQ(type_of_x(), type) << kinds;
    Names held;
    for (std::size_t m = 0; m < 3; ++m) {
      if (kinds[m] == 'd') held.push_back("from" + std::to_string(m));
    }
    held.emplace_back("sub");
    EXPECT_EQ(names("x"), type == "folder" ? held : Names{"not_found"}) << kinds;
  }
}

TEST_F(TypesTest, AMemberThatHasAFileThereIsNotAskedWhatTheFolderHolds) {
  members_hold("dfd");
  EXPECT_EQ(type_of_x(), "folder");
  EXPECT_EQ(asked_by("x"), (Asked{0, 2}));
  EXPECT_EQ(asked_by("x/sub"), (Asked{0, 2})) << "nor about what is below it";
  EXPECT_TRUE(use().proves_absence(path("x"))) << "all that count have answered";
  EXPECT_EQ(said(lookup("x/nothing")), "not_found");
}

TEST_F(TypesTest, TroubleOfAMemberThatHasAFileThereIsNotTheFoldersTrouble) {
  members_hold("dfd");
  EXPECT_EQ(type_of_x(), "folder");
  break_member(1);
  EXPECT_EQ(names("x"), (Names{"from0", "from2", "sub"}));
  EXPECT_TRUE(use().proves_absence(path("x")));
  EXPECT_EQ(said(lookup("x/nothing")), "not_found");
  EXPECT_EQ(said(lookup("x/sub/nothing")), "not_found");
}

TEST_F(TypesTest, WhereTheAuthorityHasAFileNobodysFolderIsLookedInto) {
  members_hold("fdd");
  const auto entry = lookup("x");
  ASSERT_TRUE(entry.has_value());
  EXPECT_EQ(entry->copies.size(), 1u);
  EXPECT_EQ(entry->divergent, (std::vector<MemberIndex>{1, 2}));
  EXPECT_EQ(asked_by("x"), Asked{});
  EXPECT_EQ(said(lookup("x/from1")), "not_found");
  break_member(1);
  break_member(2);
  EXPECT_EQ(said(lookup("x/from1")), "not_found");
  EXPECT_EQ(said(open("x/from1")), "not_found");
}

TEST_F(TypesTest, AnAuthorityThatIsDownKeepsItsType) {
  members_hold("dff");
  EXPECT_EQ(type_of_x(), "folder");
  EXPECT_EQ(names("x"), (Names{"from0", "sub"}));
  break_member(0);
  look_again();
  EXPECT_EQ(type_of_x(), "folder");
  EXPECT_EQ(names("x"), (Names{"from0", "sub"})) << "the last good listing";
  EXPECT_EQ(names("x/sub"), (Names{"unavailable"})) << "nobody else can know";
}

TEST_F(TypesTest, AnAuthorityThatWasNeverHeardChangesTheTypeWhenItComes) {
  members_hold("dff");
  break_member(0);
  EXPECT_EQ(type_of_x(), "file") << "as far as is known";
  EXPECT_EQ(names("x"), (Names{"not_found"}));
  mend_member(0);
  look_again();
  EXPECT_EQ(type_of_x(), "folder");
  EXPECT_EQ(names("x"), (Names{"from0", "sub"}));
  EXPECT_TRUE(log.changed.contains("x"));
}

TEST_F(TypesTest, AFolderThatBecomesAFileTakesItsNamesAlong) {
  members_hold("ddd");
  EXPECT_EQ(type_of_x(), "folder");
  EXPECT_EQ(names("x").size(), 4u);
  hold(0, 'f');
  look_again();
  EXPECT_EQ(type_of_x(), "file");
  EXPECT_EQ(names("x"), (Names{"not_found"}));
  EXPECT_EQ(said(lookup("x/from1")), "not_found");
  EXPECT_EQ(log.changed, (std::set<std::string>{"x", "x/from0", "x/from1", "x/from2", "x/sub"}));
}

TEST_F(TypesTest, AFileThatBecomesAFolderIsLookedInto) {
  members_hold("fdd");
  EXPECT_EQ(type_of_x(), "file");
  EXPECT_EQ(names("x"), (Names{"not_found"}));
  hold(0, 'd');
  look_again();
  EXPECT_EQ(names("x"), (Names{"from0", "from1", "from2", "sub"}));
}

TEST_F(TypesTest, AnotherMembersFileThatBecomesAFolderJoins) {
  members_hold("dfd");
  EXPECT_EQ(names("x"), (Names{"from0", "from2", "sub"}));
  hold(1, 'd');
  look_again();
  EXPECT_EQ(names("x"), (Names{"from0", "from1", "from2", "sub"}));
  EXPECT_TRUE(log.changed.contains("x/from1"));
}

TEST_F(TypesTest, AnotherMembersFolderThatBecomesAFileLeaves) {
  members_hold("ddd");
  EXPECT_EQ(type_of_x(), "folder");
  EXPECT_EQ(names("x").size(), 4u);
  hold(1, 'f');
  look_again();
  EXPECT_EQ(names("x"), (Names{"from0", "from2", "sub"}));
  EXPECT_TRUE(log.changed.contains("x/from1"));
  EXPECT_EQ(said(lookup("x/from1")), "not_found");
}

TEST_F(TypesTest, WhenTheAuthoritysGoesTheNextOnesTypeCounts) {
  members_hold("dfd");
  EXPECT_EQ(type_of_x(), "folder");
  hold(0, '-');
  look_again();
  EXPECT_EQ(type_of_x(), "file");
  EXPECT_EQ(names("x"), (Names{"not_found"}));
  hold(1, '-');
  look_again();
  EXPECT_EQ(type_of_x(), "folder");
  EXPECT_EQ(names("x"), (Names{"from2", "sub"}));
}

TEST_F(TypesTest, AnAnswerThatWasUnderWayWhenTheTypeChangedIsNotTaken) {
  members_hold("ddd");
  names("");
  names("x");
  group[1].latency = 5s;
  use().expire(path("x"));
  Flow<Result<std::shared_ptr<const Directory>>> flow(t.executor(), use().list(path("x")));
  t.settle();
  group[1].latency = 0s;
  hold(1, 'f');
  use().expire(Path());
  names("");
  hold(1, 'd');  // what the answer that is under way will say
  Names seen;
  EXPECT_EQ(time_of([&] { seen = names("x"); }), Duration(0)) << "nobody waits for it";
  EXPECT_EQ(seen, (Names{"from0", "from2", "sub"}));
  t.pass(10s);
  ASSERT_TRUE(flow.done());
  EXPECT_EQ(names("x"), (Names{"from0", "from2", "sub"})) << "as its listing of the parent still says";
}

}  // namespace
}  // namespace balancefs::test
