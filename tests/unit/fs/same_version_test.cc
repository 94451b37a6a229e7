#include "fs/same_version.h"

#include <gtest/gtest.h>

namespace balancefs::test {
namespace {

ObjectInfo copy(MemberIndex member, std::uint64_t size, std::string etag) {
  ObjectInfo info;
  info.member = member;
  info.size = size;
  info.validator.etag = std::move(etag);
  return info;
}

DirectoryEntry entry(std::vector<ObjectInfo> copies) {
  DirectoryEntry out;
  out.name = "f";
  out.info = copies.front();
  out.copies = std::move(copies);
  return out;
}

TEST(SameVersion, ComparesSizeAndTheValidatorOfAMemberThatBothName) {
  Version version(1, *Path::parse("f"), {copy(0, 10, "\"a\""), copy(1, 10, "\"x\"")});
  EXPECT_TRUE(is_same_version(version, entry({copy(0, 10, "\"a\"")})));
  EXPECT_FALSE(is_same_version(version, entry({copy(0, 11, "\"a\"")})));
  EXPECT_FALSE(is_same_version(version, entry({copy(0, 10, "\"b\"")})));
}

TEST(SameVersion, ValidatorsOfDifferentMembersAreNeverCompared) {
  Version version(1, *Path::parse("f"), {copy(0, 10, "\"a\""), copy(1, 10, "\"x\"")});
  EXPECT_TRUE(is_same_version(version, entry({copy(1, 10, "\"x\"")}))) << "the first authority has lost it";
  EXPECT_FALSE(is_same_version(version, entry({copy(2, 10, "\"a\"")}))) << "nobody that both know";
}

TEST(SameVersion, AFileThatNobodyHasOpenedIsKnownByItsAuthorityAlone) {
  const FileStamp stamp(copy(0, 10, "\"a\""));
  EXPECT_TRUE(is_same_version(stamp, entry({copy(0, 10, "\"a\""), copy(1, 10, "\"x\"")})));
  EXPECT_TRUE(is_same_version(stamp, entry({copy(0, 10, "")}))) << "nothing to compare";
  EXPECT_FALSE(is_same_version(stamp, entry({copy(0, 11, "\"a\"")})));
  EXPECT_FALSE(is_same_version(stamp, entry({copy(0, 10, "\"b\"")})));
  EXPECT_FALSE(is_same_version(stamp, entry({copy(1, 10, "\"a\"")})));
}

TEST(SameVersion, TimesDecideWhereOneSideGivesNoETag) {
  ObjectInfo earlier = copy(0, 10, "\"a\"");
  earlier.validator.modified = FileTime(std::chrono::seconds(1));
  const FileStamp stamp(earlier);
  EXPECT_EQ(stamp.modified_time(), earlier.validator.modified);
  EXPECT_EQ(FileStamp(copy(0, 10, "")).modified_time(), std::nullopt);
  ObjectInfo later = copy(0, 10, "\"a\"");
  later.validator.modified = FileTime(std::chrono::seconds(2));
  EXPECT_TRUE(is_same_version(stamp, entry({later}))) << "the ETag is the same";
  later.validator.etag.clear();
  EXPECT_FALSE(is_same_version(stamp, entry({later})));
}

TEST(SameVersion, AnEndedVersionNeverComesBack) {
  Version version(1, *Path::parse("f"), {copy(0, 10, "\"a\"")});
  version.end();
  EXPECT_FALSE(is_same_version(version, entry({copy(0, 10, "\"a\"")})));
}

}  // namespace
}  // namespace balancefs::test
