#include "daemon/group_check.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "support/fake_storage.h"
#include "support/test_loop.h"

namespace balancefs::test {
namespace {

class GroupCheckTest : public testing::Test {
 protected:
  /// Files f0, f1, ... with sizes from `first_size` on.
  void fill(FakeStorage& storage, std::string_view folder, int files, std::uint64_t first_size) {
    for (int i = 0; i < files; ++i)
      storage.add_file(fmt::format("{}f{}", folder, i), first_size + static_cast<std::uint64_t>(i));
  }

  GroupCheck compare() {
    RequestContext why;
    FolderNames one = *t_.run(list_folder(one_, Path(), why));
    FolderNames two = *t_.run(list_folder(two_, Path(), why));
    std::vector<ComparedMember> members;
    members.emplace_back("/pt", one_, one);
    members.emplace_back("/pt.balance1", two_, two);
    auto result = t_.run(compare_members("/pt", members, why));
    EXPECT_TRUE(result.has_value());
    return std::move(*result);
  }

  TestLoop t_;
  FakeStorage one_{"/pt", t_.executor(), t_.clock};
  FakeStorage two_{"/pt.balance1", t_.executor(), t_.clock};
};

TEST_F(GroupCheckTest, EqualMembersAreNotTalkedAbout) {
  fill(one_, "", 12, 100);
  fill(two_, "", 12, 100);
  const GroupCheck done = compare();
  EXPECT_TRUE(done.warnings.empty());
  EXPECT_TRUE(done.notes.empty());
}

TEST_F(GroupCheckTest, AMemberWithOtherSizesForMostFilesIsWarnedOf) {
  fill(one_, "", 12, 100);
  fill(two_, "", 12, 200);
  two_.add_file("f0", 100);
  const GroupCheck done = compare();
  ASSERT_EQ(done.warnings.size(), 1u);
  EXPECT_TRUE(done.warnings[0].starts_with("storage /pt.balance1: 11 of 12 files have another size"))
      << done.warnings[0];
}

TEST_F(GroupCheckTest, AFewFilesMayDiffer) {
  fill(one_, "", 9, 100);
  fill(two_, "", 9, 200);
  EXPECT_TRUE(compare().warnings.empty()) << "nine files may be a coincidence";
  fill(one_, "g", 9, 100);
  fill(two_, "g", 9, 100);
  EXPECT_TRUE(compare().warnings.empty()) << "half of them is not most";
}

TEST_F(GroupCheckTest, TheFirstFolderOfBothIsLookedIntoAsWell) {
  one_.add_directory("a");
  fill(one_, "films/", 12, 100);
  fill(two_, "films/", 12, 200);
  fill(two_, "films2/", 12, 200);
  const GroupCheck done = compare();
  ASSERT_EQ(done.warnings.size(), 1u);
  EXPECT_TRUE(done.warnings[0].find("12 of 12") != std::string::npos) << done.warnings[0];
  EXPECT_EQ(one_.counts.list, 2);
}

TEST_F(GroupCheckTest, WhatOnlyOneMemberHasIsCounted) {
  fill(one_, "films/", 3, 100);
  fill(two_, "films/", 2, 100);
  two_.add_file("x", 1);
  two_.add_file("y", 1);
  const GroupCheck done = compare();
  EXPECT_TRUE(done.warnings.empty());
  ASSERT_EQ(done.notes.size(), 1u);
  EXPECT_EQ(done.notes[0],
            "group /pt: names on one member only, in its root and in \"films\": 1 on /pt, 2 on /pt.balance1");
}

TEST_F(GroupCheckTest, RoundedSizesAndFoldersAreNoDifference) {
  fill(one_, "", 12, 100);
  fill(two_, "", 12, 200);
  for (auto& [name, node] : two_.nodes) node.info.size_kind = SizeKind::rounded;
  EXPECT_TRUE(compare().warnings.empty());
}

TEST_F(GroupCheckTest, AFolderThatOneMemberDoesNotListIsNotCompared) {
  fill(one_, "films/", 12, 100);
  fill(two_, "films/", 12, 200);
  RequestContext why;
  FolderNames root = *t_.run(list_folder(one_, Path(), why));
  two_.fail_list = Error(ErrorKind::denied, "403");
  std::vector<ComparedMember> members;
  members.emplace_back("/pt", one_, root);
  members.emplace_back("/pt.balance1", two_, root);
  const auto done = t_.run(compare_members("/pt", members, why));
  ASSERT_TRUE(done.has_value());
  EXPECT_TRUE(done->warnings.empty());
  EXPECT_TRUE(done->notes.empty());
}

}  // namespace
}  // namespace balancefs::test
