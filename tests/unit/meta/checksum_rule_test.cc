// Under identity = "checksum": members whose listing gives no checksum are asked for it when a file is
// opened, once, and are no copies before they have agreed.
#include "unit/meta/cache_fixture.h"

namespace balancefs::test {
namespace {

using namespace std::chrono_literals;

class ChecksumRule : public CacheTest {
 protected:
  ChecksumRule() : CacheTest(3) {
    rules.identity = IdentityRule::checksum;
    group.add_file("a/film", 1000);
  }
  void digests(std::vector<std::string> of) {
    for (std::size_t m = 0; m < of.size(); ++m) group[m].nodes.at("a/film").digest = sha(of[m]);
  }
  static std::string sha(const std::string& digit) {
    if (digit.empty()) return {};
    std::string text = "sha256:";
    for (int i = 0; i < 64; ++i) text += digit;
    return text;
  }
  std::vector<MemberIndex> copies(const Result<DirectoryEntry>& entry) {
    std::vector<MemberIndex> members;
    if (!entry) return members;
    for (const ObjectInfo& copy : entry->copies) members.push_back(copy.member);
    return members;
  }
  std::vector<int> asked() {
    std::vector<int> counts;
    for (std::size_t m = 0; m < group.size(); ++m) counts.push_back(group[m].counts.digests);
    return counts;
  }
  using Members = std::vector<MemberIndex>;
  using Counts = std::vector<int>;
};

// SEMANTICS: "members whose listings give no checksum of one kind are asked for it when a file is opened"
TEST_F(ChecksumRule, WhoAgreesWhenAskedIsACopy) {
  digests({"a", "b", "a"});
  EXPECT_EQ(copies(lookup("a/film")), (Members{0})) << "nobody is asked for a look";
  EXPECT_EQ(asked(), (Counts{0, 0, 0}));
  EXPECT_TRUE(use().divergent_paths().empty()) << "nothing is known to differ yet";
  EXPECT_EQ(copies(open("a/film")), (Members{0, 2}));
  EXPECT_EQ(use().divergent_paths(), Names{"a/film"});
  EXPECT_EQ(copies(open("a/film")), (Members{0, 2}));
  EXPECT_EQ(copies(lookup("a/film")), (Members{0, 2}));
  EXPECT_EQ(asked(), (Counts{1, 1, 1})) << "once";
}

TEST_F(ChecksumRule, WhoGivesNoneIsAskedOnceAndIsNoCopy) {
  digests({"a", "", "a"});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(copies(open("a/film")), (Members{0, 2}));
  EXPECT_EQ(asked(), (Counts{1, 1, 1}));
}

TEST_F(ChecksumRule, ListingsThatTellAreEnough) {
  for (std::size_t m = 0; m < 3; ++m) group[m].nodes.at("a/film").info.checksum = sha(m == 1 ? "b" : "a");
  EXPECT_EQ(copies(open("a/film")), (Members{0, 2}));
  EXPECT_EQ(asked(), (Counts{0, 0, 0}));
}

TEST_F(ChecksumRule, OtherRulesAskNobody) {
  rules.identity = IdentityRule::size;
  digests({"a", "b", "a"});
  EXPECT_EQ(copies(open("a/film")), (Members{0, 1, 2}));
  EXPECT_EQ(asked(), (Counts{0, 0, 0}));
}

TEST_F(ChecksumRule, OtherSizesNeedNoQuestion) {
  group[1].add_file("a/film", 999);
  digests({"a", "a", "a"});
  EXPECT_EQ(copies(open("a/film")), (Members{0, 2}));
  EXPECT_EQ(asked(), (Counts{1, 0, 1}));
}

TEST_F(ChecksumRule, WhoDoesNotAnswerIsWaitedForWithinThePatienceAndIsNoCopy) {
  digests({"a", "a", "a"});
  lookup("a/film");
  group[1].stall = true;
  Result<DirectoryEntry> entry = fail(ErrorKind::unavailable, "not asked yet");
  EXPECT_LE(time_of([&] { entry = open("a/film"); }), options.patience + 1s);
  EXPECT_EQ(copies(entry), (Members{0, 2}));
  EXPECT_LE(time_of([&] { entry = open("a/film"); }), 1s) << "it lags: nobody waits for it again";
  EXPECT_EQ(copies(entry), (Members{0, 2}));
  group[1].stall = false;
  t.pass(1s);
  EXPECT_EQ(copies(open("a/film")), (Members{0, 1, 2})) << "its answer counts when it comes";
  EXPECT_EQ(asked(), (Counts{1, 1, 1}));
}

TEST_F(ChecksumRule, AFileThatChangedIsAskedForAgain) {
  digests({"a", "a", "a"});
  EXPECT_EQ(copies(open("a/film")), (Members{0, 1, 2}));
  group[1].add_file("a/film", 1000, 0, 2);
  group[1].nodes.at("a/film").digest = sha("c");
  pass_ttl();
  settled_names("a");
  EXPECT_EQ(copies(lookup("a/film")), (Members{0, 2})) << "what it was is no proof of what it is";
  EXPECT_EQ(copies(open("a/film")), (Members{0, 2}));
  EXPECT_EQ(asked(), (Counts{1, 2, 1}));
}

TEST_F(ChecksumRule, WhatIsToldIsWhatIsDecided) {
  digests({"a", "b", "a"});
  const auto decision = t.run(use().identity(path("a/film")));
  ASSERT_TRUE(decision.has_value());
  using Kind = IdentityVerdict::Kind;
  EXPECT_EQ(decision->authority.checksum, sha("a"));
  EXPECT_EQ(decision->members[0].verdict.kind, Kind::authority);
  EXPECT_EQ(decision->members[1].verdict.kind, Kind::other_checksum);
  EXPECT_EQ(decision->members[2].verdict.checksum, "sha256");
  EXPECT_EQ(asked(), (Counts{1, 1, 1}));
  EXPECT_EQ(said(t.run(use().identity(path("a/none")))), "not_found");
}

}  // namespace
}  // namespace balancefs::test
