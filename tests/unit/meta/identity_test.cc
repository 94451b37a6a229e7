// What was decided about the copies of a file, in words: as decided by the very merge that chooses who is
// read.
#include "meta/identity.h"

#include <gtest/gtest.h>

#include "meta/directory_state.h"

namespace balancefs::test {
namespace {

using namespace std::chrono_literals;

class IdentityTest : public ::testing::Test {
 protected:
  static ObjectInfo file(std::uint64_t size, std::string checksum = "", int time = 0) {
    ObjectInfo info;
    info.size = size;
    info.checksum = std::move(checksum);
    if (time != 0) info.validator.modified = FileTime(std::chrono::seconds(time));
    return info;
  }
  void says(MemberIndex member, ObjectInfo info) {
    info.member = member;
    state_->take(member, MemberWord::Kind::listed, MemberListing({ListedEntry("x", info)}));
  }
  void lacks(MemberIndex member) {
    state_->take(member, MemberWord::Kind::listed, MemberListing({ListedEntry("y", file(1))}));
  }
  void begin(IdentityRule rule, std::size_t members) {
    rule_ = rule;
    state_ = std::make_unique<DirectoryState>(Path(), members, rule);
    names_.clear();
    for (std::size_t m = 0; m < members; ++m) names_.push_back("/" + std::to_string(m));
  }
  std::string text() {
    const auto entry = state_->find("x", TimePoint(), options_);
    IdentityDecision decision;
    decision.rule = rule_;
    decision.authority = entry->info;
    decision.members = state_->decide("x", TimePoint(), options_);
    // Whatever is said, it is what was decided.
    std::set<MemberIndex> copies, same;
    for (const ObjectInfo& copy : entry->copies) copies.insert(copy.member);
    for (MemberIndex m = 0; m < decision.members.size(); ++m) {
      const IdentityVerdict& verdict = decision.members[m].verdict;
      if (verdict.same() || verdict.kind == IdentityVerdict::Kind::authority) same.insert(m);
    }
    EXPECT_EQ(same, copies);
    return to_text(decision, names_);
  }
  /// Of two members.
  std::string judged(IdentityRule rule, ObjectInfo authority, ObjectInfo copy) {
    begin(rule, 2);
    says(0, std::move(authority));
    says(1, std::move(copy));
    const std::string all = text();
    const std::string_view before = "/1: ";
    return all.substr(all.find(before) + before.size());
  }
  IdentityRule rule_ = IdentityRule::size;
  MetadataOptions options_;
  std::unique_ptr<DirectoryState> state_;
  std::vector<std::string> names_;
};

TEST_F(IdentityTest, EveryMemberHasItsWord) {
  begin(IdentityRule::size, 6);
  lacks(0);
  says(1, file(123));
  says(2, file(123));
  says(3, file(120));
  ObjectInfo folder;
  folder.type = ObjectType::directory;
  says(5, folder);
  EXPECT_EQ(text(),
            "size=123 rule=size; /0: does not have it; /1: authority; /2: same (size); /3: other (size 120); "
            "/4: not known; /5: other (a folder)");
}

TEST_F(IdentityTest, WhatAgreesIsNamed) {
  EXPECT_EQ(judged(IdentityRule::size, file(5), file(5)), "same (size)");
  EXPECT_EQ(judged(IdentityRule::size, file(5, "sha1:aa md5:b"), file(5, "md5:b")), "same (size, md5)");
  EXPECT_EQ(judged(IdentityRule::size_mtime, file(5, "", 100), file(5, "", 102)), "same (size, time)");
  EXPECT_EQ(judged(IdentityRule::size_mtime, file(5, "sha1:aa", 100), file(5, "sha1:aa", 100)),
            "same (size, time, sha1)");
  EXPECT_EQ(judged(IdentityRule::checksum, file(5, "sha1:aa"), file(5, "sha1:aa")), "same (size, sha1)");
  ObjectInfo page = file(1'258'291);
  page.size_kind = SizeKind::rounded;
  EXPECT_EQ(judged(IdentityRule::size, file(1'234'567), page), "same (size as far as known)");
  EXPECT_EQ(judged(IdentityRule::size, file(5'234'567), page), "other (size about 1258291)");
}

TEST_F(IdentityTest, WhatDiffersIsNamed) {
  EXPECT_EQ(judged(IdentityRule::size, file(5, "sha1:aa md5:b"), file(5, "sha1:aa md5:c")),
            "other (md5 differs: sha1:aa,md5:c)");
  EXPECT_EQ(judged(IdentityRule::size_mtime, file(5, "", 100), file(5, "", 103)),
            "other (time 1970-01-01T00:01:43Z)");
  EXPECT_EQ(judged(IdentityRule::size_mtime, file(5, "", 100), file(5)), "other (time not given)");
  EXPECT_EQ(judged(IdentityRule::checksum, file(5, "sha1:aa"), file(5, "md5:b")),
            "other (no checksum of the same kind: md5:b)");
  EXPECT_EQ(judged(IdentityRule::checksum, file(5, "sha1:aa"), file(5)),
            "other (no checksum of the same kind: not given)");
}

TEST_F(IdentityTest, ChangesInPlaceAreToldByWhoChanged) {
  begin(IdentityRule::size, 2);
  says(0, file(5, "", 10));
  says(1, file(5, "", 20));
  says(1, file(5, "", 21));
  EXPECT_EQ(text(), "size=5 rule=size; /0: authority; /1: other (changed while its size stayed)");
  says(0, file(5, "", 11));
  EXPECT_EQ(text(), "size=5 rule=size; /0: authority; /1: same (size)");
  says(0, file(5, "", 12));
  EXPECT_EQ(text(),
            "size=5 rule=size; /0: authority; /1: other (the authority changed while its size stayed)");
}

TEST_F(IdentityTest, TheAuthoritysChecksumsAreOneWord) {
  begin(IdentityRule::checksum, 1);
  says(0, file(5, "sha1:aa md5:b"));
  EXPECT_EQ(text(), "size=5 checksum=sha1:aa,md5:b rule=checksum; /0: authority");
}

TEST_F(IdentityTest, ManyMembersFitAnExtendedAttribute) {
  constexpr std::size_t kMembers = 5000;
  begin(IdentityRule::size, kMembers);
  for (MemberIndex m = 0; m < kMembers; ++m) says(m, file(5));
  const std::string all = text();
  EXPECT_LT(all.size(), 65'536u);
  EXPECT_TRUE(all.ends_with(" more")) << all.substr(all.size() - 50);
}

}  // namespace
}  // namespace balancefs::test
