// One folder of several members: what is missing, what differs, in whatever order they list it.
#include "verify/folder_join.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <map>
#include <set>

namespace balancefs::test {
namespace {

using Rule = GroupOptions::IdentityRule;

ObjectInfo file(std::uint64_t size, std::string checksum = {}, int modified = 0) {
  ObjectInfo info;
  info.size = size;
  info.checksum = std::move(checksum);
  info.validator.modified = FileTime(std::chrono::seconds(1'700'000'000 + modified));
  return info;
}

ObjectInfo folder() {
  ObjectInfo info;
  info.type = ObjectType::directory;
  return info;
}

/// The copies of the name "x", by member; those without one lack it.
NamedCopies copies(const std::vector<std::optional<ObjectInfo>>& by_member) {
  std::vector<MemberFolder> listings;
  for (std::size_t i = 0; i < by_member.size(); ++i) {
    FolderListing names;
    if (by_member[i]) names.emplace_back("x", *by_member[i]);
    listings.emplace_back(static_cast<MemberIndex>(i), std::move(names));
  }
  return *FolderJoin(Path(), std::move(listings)).next();
}

std::vector<MemberIndex> members(const std::vector<ObjectInfo>& infos) {
  std::vector<MemberIndex> out;
  for (const ObjectInfo& info : infos) out.push_back(info.member);
  return out;
}

/// The one difference of "x"; of kind `content`, which is none of listings, when there is another number.
Difference only_difference(const std::vector<std::optional<ObjectInfo>>& by_member, Rule rule = Rule::size) {
  NameVerdict verdict = judge_name(copies(by_member), rule);
  EXPECT_EQ(verdict.differences.size(), 1u);
  if (verdict.differences.size() != 1) return Difference(DifferenceKind::content, Path());
  return verdict.differences.front();
}

bool is_same(const std::vector<std::optional<ObjectInfo>>& by_member, Rule rule = Rule::size) {
  const NameVerdict verdict = judge_name(copies(by_member), rule);
  return verdict.differences.empty() && verdict.alike.size() == by_member.size();
}

TEST(FolderJoinTest, NamesComeInOrderWithTheirHoldersInTheGroupsOrder) {
  FolderListing first, second;
  first.emplace_back("b", file(1));
  first.emplace_back("a", file(2));
  second.emplace_back("c", file(3));
  second.emplace_back("a", file(2));
  FolderJoin join(*Path::parse("d"), {MemberFolder(4, second), MemberFolder(1, first)});
  const auto a = join.next(), b = join.next(), c = join.next();
  EXPECT_EQ(a->path.str(), "d/a");
  EXPECT_EQ(members(a->copies), (std::vector<MemberIndex>{1, 4}));
  EXPECT_TRUE(a->lacking.empty());
  EXPECT_EQ(b->path.str(), "d/b");
  EXPECT_EQ(b->lacking, std::vector<MemberIndex>{4});
  EXPECT_EQ(c->path.str(), "d/c");
  EXPECT_EQ(c->lacking, std::vector<MemberIndex>{1});
  EXPECT_FALSE(join.next().has_value());
}

TEST(FolderJoinTest, AMemberWhoseListingIsNotKnownLacksNothing) {
  FolderListing first;
  first.emplace_back("a", file(1));
  FolderJoin join(Path(), {MemberFolder(0, first), MemberFolder(2, first)});
  EXPECT_TRUE(join.next()->lacking.empty());
}

TEST(FolderJoinTest, ANameThatIsListedTwiceIsOne) {
  FolderListing twice;
  twice.emplace_back("a", file(1));
  twice.emplace_back("a", file(1));
  FolderJoin join(Path(), {MemberFolder(0, twice)});
  EXPECT_EQ(join.next()->copies.size(), 1u);
  EXPECT_FALSE(join.next().has_value());
}

TEST(NameVerdictTest, EqualSizesAreTheSameWhateverTheServersTimesAndTags) {
  ObjectInfo one = file(5, {}, 0);
  ObjectInfo two = file(5, {}, 999);
  one.validator.etag = "\"one\"";
  two.validator.etag = "\"two\"";
  EXPECT_TRUE(is_same({one, two}));
}

TEST(NameVerdictTest, WhatSomeLackIsMissingThere) {
  const Difference found = only_difference({file(5), std::nullopt, file(5), std::nullopt});
  EXPECT_EQ(found.kind, DifferenceKind::missing);
  EXPECT_EQ(members(found.holders), (std::vector<MemberIndex>{0, 2}));
  EXPECT_EQ(members(found.others), (std::vector<MemberIndex>{1, 3}));
}

TEST(NameVerdictTest, TheFirstThatHasItIsTheMeasureForTypeAndSize) {
  const Difference type = only_difference({std::optional(folder()), file(5), folder()});
  EXPECT_EQ(type.kind, DifferenceKind::type);
  EXPECT_EQ(members(type.others), std::vector<MemberIndex>{1});
  const Difference size = only_difference({std::optional(file(5)), file(6), file(7)});
  EXPECT_EQ(size.kind, DifferenceKind::size);
  EXPECT_EQ(members(size.others), (std::vector<MemberIndex>{1, 2}));
}

TEST(NameVerdictTest, OneNameMayDifferInSeveralWays) {
  const NameVerdict verdict =
      judge_name(copies({file(5), folder(), file(6), std::nullopt, file(5)}), Rule::size);
  ASSERT_EQ(verdict.differences.size(), 3u);
  EXPECT_EQ(members(verdict.alike), (std::vector<MemberIndex>{0, 4}));
  for (const Difference& difference : verdict.differences) EXPECT_EQ(difference.others.size(), 1u);
}

TEST(NameVerdictTest, ChecksumsCountWhereBothAreOfOneKind) {
  const Difference found = only_difference({file(5, "sha1:aa"), file(5, "sha1:bb")});
  EXPECT_EQ(found.kind, DifferenceKind::checksum);
  EXPECT_TRUE(is_same({file(5, "sha1:aa"), file(5, "md5:bb")}));
  EXPECT_TRUE(is_same({file(5, "sha1:aa"), file(5)}));
}

TEST(NameVerdictTest, TheGroupsRuleDecidesWhatElseCounts) {
  EXPECT_EQ(only_difference({file(5, {}, 0), file(5, {}, 3)}, Rule::size_mtime).kind,
            DifferenceKind::modified);
  EXPECT_TRUE(is_same({file(5, {}, 0), file(5, {}, 2)}, Rule::size_mtime));
  EXPECT_EQ(only_difference({file(5, "sha1:aa"), file(5)}, Rule::checksum).kind, DifferenceKind::checksum);
  EXPECT_TRUE(is_same({file(5, "sha1:aa", 0), file(5, "sha1:aa", 9)}, Rule::checksum));
  EXPECT_EQ(only_difference({file(5, "sha1:aa"), file(5, "sha1:bb")}, Rule::size_mtime).kind,
            DifferenceKind::checksum);
}

TEST(NameVerdictTest, FoldersAreTheSameByTheirName) {
  ObjectInfo other = folder();
  other.size = 4096;
  EXPECT_TRUE(is_same({folder(), other}, Rule::checksum));
}

/// All that is found of a folder, as text.
std::vector<std::string> everything(std::vector<MemberFolder> listings) {
  std::vector<std::string> found;
  FolderJoin join(Path(), std::move(listings));
  while (const auto name = join.next()) {
    for (const Difference& difference : judge_name(*name, Rule::size).differences) {
      std::string line = name->path.str() + " " + std::to_string(static_cast<int>(difference.kind));
      for (const ObjectInfo& info : difference.holders) line += "+" + std::to_string(info.member);
      for (const ObjectInfo& info : difference.others) line += "-" + std::to_string(info.member);
      found.push_back(std::move(line));
    }
  }
  return found;
}

TEST(FolderJoinTest, InWhateverOrderTheyListTheFindingsAreTheSameAndComplete) {
  EXPECT_TRUE(rc::check("the order of names and members does not matter", [] {
    std::vector<MemberFolder> listings;
    std::size_t expected = 0;
    std::map<int, std::map<MemberIndex, int>> sizes;  // by name
    for (MemberIndex member = 0; member < 3; ++member) {
      FolderListing names;
      const auto drawn = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 12));
      for (const int name : std::set<int>(drawn.begin(), drawn.end())) {
        const int size = *rc::gen::inRange(0, 3);
        names.emplace_back(std::to_string(name), file(static_cast<std::uint64_t>(size)));
        sizes[name][member] = size;
      }
      listings.emplace_back(member, std::move(names));
    }
    for (const auto& [name, by_member] : sizes) {
      if (by_member.size() < 3) ++expected;
      const int authority = by_member.begin()->second;
      if (std::ranges::any_of(by_member, [&](const auto& copy) { return copy.second != authority; }))
        ++expected;
    }
    std::vector<MemberFolder> shuffled = listings;
    std::ranges::reverse(shuffled);
    for (MemberFolder& listing : shuffled) {
      const int turns =
          listing.names.empty() ? 0 : *rc::gen::inRange<int>(0, static_cast<int>(listing.names.size()));
      std::ranges::reverse(listing.names);
      std::ranges::rotate(listing.names, listing.names.begin() + turns);
    }
    const std::vector<std::string> found = everything(listings);
    RC_ASSERT(found == everything(std::move(shuffled)));
    RC_ASSERT(found.size() == expected);
  }));
}

}  // namespace
}  // namespace balancefs::test
