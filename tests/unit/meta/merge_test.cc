#include "meta/merge.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "meta/directory_state.h"
#include "meta/size_survey.h"

namespace balancefs::test {
namespace {

using namespace std::chrono_literals;

ObjectInfo file(MemberIndex member, std::uint64_t size, std::string etag = "", int time = 0) {
  ObjectInfo info;
  info.member = member;
  info.size = size;
  info.validator.etag = std::move(etag);
  if (time != 0) info.validator.modified = FileTime(std::chrono::seconds(time));
  return info;
}

ObjectInfo folder(MemberIndex member) {
  ObjectInfo info;
  info.type = ObjectType::directory;
  info.member = member;
  return info;
}

MemberListing listing(std::vector<ListedEntry> entries) {
  return MemberListing(std::move(entries));
}

class MergeTest : public ::testing::Test {
 protected:
  DirectoryEntry merge(std::vector<ObjectInfo> rows) {
    std::vector<MemberListing> listings;
    for (const ObjectInfo& row : rows) listings.push_back(listing({ListedEntry("x", row)}));
    MergeInput input;
    for (const MemberListing& each : listings) input.members.push_back(&each);
    input.rule = rule;
    input.changed = &changed;
    return *merge_name(input, "x");
  }
  IdentityRule rule = IdentityRule::size;
  ChangedCopies changed;
};

TEST_F(MergeTest, FirstMemberInOrderIsTheAuthority) {
  const DirectoryEntry entry = merge({file(0, 10, "a"), file(1, 10, "b"), file(2, 11)});
  EXPECT_EQ(entry.info.member, 0u);
  ASSERT_EQ(entry.copies.size(), 2u);
  EXPECT_EQ(entry.copies.front(), entry.info);
  EXPECT_EQ(entry.copies[1].validator.etag, "b");
  EXPECT_EQ(entry.divergent, (std::vector<MemberIndex>{2}));
}

TEST_F(MergeTest, AuthoritysTypeRules) {
  EXPECT_EQ(merge({folder(0), file(1, 1)}).divergent, (std::vector<MemberIndex>{1}));
  EXPECT_EQ(merge({file(0, 1), folder(1)}).info.type, ObjectType::file);
  EXPECT_EQ(merge({folder(0), folder(1)}).copies.size(), 2u);
}

TEST_F(MergeTest, TimesCountOnlyWhereTheGroupSaysSo) {
  EXPECT_EQ(merge({file(0, 1, "", 100), file(1, 1, "", 900)}).copies.size(), 2u);
  rule = IdentityRule::size_mtime;
  EXPECT_EQ(merge({file(0, 1, "", 100), file(1, 1, "", 102)}).copies.size(), 2u);
  EXPECT_EQ(merge({file(0, 1, "", 100), file(1, 1, "", 103)}).copies.size(), 1u);
  EXPECT_EQ(merge({file(0, 1, "", 100), file(1, 1)}).copies.size(), 1u) << "no time, no proof";
}

TEST_F(MergeTest, ChecksumsOfOneKindDecide) {
  ObjectInfo left = file(0, 1), right = file(1, 1);
  left.checksum = "sha1:aa";
  right.checksum = "sha1:bb";
  EXPECT_EQ(merge({left, right}).copies.size(), 1u);
  right.checksum = "md5:bb";
  EXPECT_EQ(merge({left, right}).copies.size(), 2u);
  rule = IdentityRule::checksum;
  EXPECT_EQ(merge({left, right}).copies.size(), 1u);
  right.checksum = left.checksum;
  EXPECT_EQ(merge({left, right}).copies.size(), 2u);
}

// SEMANTICS: "Checksums are compared by every kind that both members give, and one that differs is enough."
TEST_F(MergeTest, ChecksumsAreComparedByTheKindsThatBothGive) {
  rule = IdentityRule::checksum;
  ObjectInfo left = file(0, 1), right = file(1, 1);
  left.checksum = "sha1:aa md5:bb";
  right.checksum = "sha256:cc md5:bb";
  EXPECT_EQ(merge({left, right}).copies.size(), 2u);
  right.checksum = "sha1:aa md5:cc";
  EXPECT_EQ(merge({left, right}).copies.size(), 1u);
  left.checksum = right.checksum = "adler32:aa";
  EXPECT_EQ(merge({left, right}).copies.size(), 1u) << "agrees by chance too often";
}

TEST_F(MergeTest, RoundedAndUnknownSizesAgreeWhileTheyCould) {
  ObjectInfo page = file(1, 1'258'291);  // "1.2M"
  page.size_kind = SizeKind::rounded;
  EXPECT_EQ(merge({file(0, 1'234'567), page}).copies.size(), 2u);
  EXPECT_EQ(merge({file(0, 5'234'567), page}).copies.size(), 1u);
  page.size_kind = SizeKind::unknown;
  EXPECT_EQ(merge({file(0, 5'234'567), page}).copies.size(), 2u);
}

class ChangedInPlaceTest : public ::testing::Test {
 protected:
  void says(MemberIndex member, ObjectInfo info) {
    state.take(member, MemberWord::Kind::listed, listing({ListedEntry("x", info)}));
  }
  std::size_t copies() { return state.find("x", TimePoint(), MetadataOptions())->copies.size(); }
  DirectoryState state{Path(), 3, IdentityRule::size};
};

TEST_F(ChangedInPlaceTest, MemberThatChangedAloneDivergesUntilAllHaveChanged) {
  for (MemberIndex m = 0; m < 3; ++m) says(m, file(m, 5, "old"));
  EXPECT_EQ(copies(), 3u);
  says(0, file(0, 5, "new"));
  EXPECT_EQ(copies(), 1u);
  says(1, file(1, 5, "new too"));
  EXPECT_EQ(copies(), 2u);
  says(2, file(2, 5, "at last"));
  EXPECT_EQ(copies(), 3u);
  says(1, file(1, 5, "again"));
  EXPECT_EQ(copies(), 2u) << "the others count as equal among themselves";
}

TEST_F(ChangedInPlaceTest, ChecksumThatAgreesEndsTheDoubt) {
  for (MemberIndex m = 0; m < 2; ++m) says(m, file(m, 5, "old"));
  ObjectInfo left = file(0, 5, "new"), right = file(1, 5, "old");
  left.checksum = right.checksum = "sha1:aa";
  says(0, left);
  EXPECT_EQ(copies(), 1u);
  says(1, right);
  EXPECT_EQ(copies(), 2u);
}

TEST_F(ChangedInPlaceTest, ChangeOfSizeIsJudgedBySize) {
  for (MemberIndex m = 0; m < 2; ++m) says(m, file(m, 5, "old"));
  says(0, file(0, 5, "new"));
  says(0, file(0, 6, "newer"));
  EXPECT_EQ(copies(), 1u);
  says(1, file(1, 6, "newer too"));
  EXPECT_EQ(copies(), 2u);
}

TEST_F(ChangedInPlaceTest, CopyThatAppearsLaterIsJudgedBySize) {
  for (MemberIndex m = 0; m < 2; ++m) says(m, file(m, 5, "old"));
  says(0, file(0, 5, "new"));
  says(2, file(2, 5, "uploaded"));
  EXPECT_EQ(state.find("x", TimePoint(), MetadataOptions())->divergent, (std::vector<MemberIndex>{1}));
}

TEST(SizeSurvey, WarnsOnceOfAMemberWhoseSizesDifferForMostFiles) {
  SizeSurvey survey(2);
  for (int i = 0; i < 9; ++i) survey.count(file(0, 1), file(1, 2));
  EXPECT_FALSE(survey.should_warn(1)) << "too few";
  survey.count(file(0, 1), file(1, 1));
  EXPECT_TRUE(survey.should_warn(1));
  EXPECT_FALSE(survey.should_warn(1));
  EXPECT_FALSE(survey.should_warn(0));
}

/// Listings of three members over few names, with sizes that sometimes collide.
std::vector<MemberListing> any_listings() {
  std::vector<MemberListing> listings;
  for (MemberIndex m = 0; m < 3; ++m) {
    std::vector<ListedEntry> rows;
    for (int name = 0; name < 12; ++name) {
      if (*rc::gen::inRange(0, 2) == 0) continue;
      const bool is_folder = *rc::gen::inRange(0, 5) == 0;
      rows.emplace_back("n" + std::to_string(name), is_folder ? folder(m) : file(m, *rc::gen::inRange(1, 4)));
    }
    listings.push_back(listing(std::move(rows)));
  }
  return listings;
}

MembersWords words_of(const std::vector<MemberListing>& listings) {
  MembersWords words;
  words.listings = listings;
  words.changed = std::make_shared<const ChangedCopies>();
  return words;
}

std::vector<DirectoryEntry> entries_of(const Directory& directory) {
  std::vector<DirectoryEntry> entries;
  for (const DirectoryEntry& entry : directory.entries()) entries.push_back(entry);
  return entries;
}

RC_GTEST_PROP(MergeProperty, EveryNameOfEveryMemberIsThereOnceAndInOrder, ()) {
  const auto listings = any_listings();
  const Directory merged(words_of(listings), true);
  std::set<std::string> names;
  for (const MemberListing& each : listings) {
    each.for_each([&](std::string_view name, const ObjectInfo&) { names.emplace(name); });
  }
  RC_ASSERT(merged.size() == names.size());
  auto name = names.begin();
  for (const DirectoryEntry& entry : merged.entries()) {
    RC_ASSERT(entry.name == *name++);
    RC_ASSERT(entry == *merged.find(entry.name));
    RC_ASSERT(entry.copies.front() == entry.info);
    std::size_t holders = 0;
    for (const MemberListing& each : listings) holders += each.find(entry.name) ? 1 : 0;
    RC_ASSERT(entry.copies.size() + entry.divergent.size() == holders);
  }
}

RC_GTEST_PROP(MergeProperty, UnionIsTheSameWhateverTheOrderOfAnswers, ()) {
  const auto listings = any_listings();
  const MetadataOptions options;
  std::vector<std::vector<DirectoryEntry>> results;
  std::vector<MemberIndex> order = {0, 1, 2};
  do {
    DirectoryState state(Path(), 3, IdentityRule::size);
    for (const MemberIndex m : order) state.take(m, MemberWord::Kind::listed, listings[m]);
    results.push_back(entries_of(*state.snapshot(TimePoint(), options)));
  } while (std::next_permutation(order.begin(), order.end()));
  for (const auto& each : results) RC_ASSERT(each == results.front());
}

RC_GTEST_PROP(MergeProperty, ChangesAreWhatTurnsTheOldViewIntoTheNew, ()) {
  const auto before = any_listings();
  const auto after = any_listings();
  const MetadataOptions options;
  DirectoryState state(Path(), 3, IdentityRule::size);
  for (MemberIndex m = 0; m < 3; ++m) state.take(m, MemberWord::Kind::listed, before[m]);
  std::map<std::string, DirectoryEntry> view;
  const auto first = state.snapshot(TimePoint(), options);
  for (const auto& entry : first->entries()) view.emplace(entry.name, entry);
  for (MemberIndex m = 0; m < 3; ++m) {
    const DirectoryChange changes = state.take(m, MemberWord::Kind::listed, after[m]);
    changes.for_each([&](const EntryChange& change) {
      const std::string name(change.name);
      view.erase(name);
      if (change.after.exists()) view.emplace(name, change.after.entry());
    });
  }
  const auto now = state.snapshot(TimePoint(), options);
  RC_ASSERT(view.size() == now->size());
  for (const auto& entry : now->entries()) RC_ASSERT(view.at(entry.name) == entry);
}

}  // namespace
}  // namespace balancefs::test
