#include "balancefs/version.h"

#include <gtest/gtest.h>

namespace balancefs::test {
namespace {

Validator validator(std::string etag, std::optional<int> seconds) {
  std::optional<FileTime> time;
  if (seconds) time = FileTime(std::chrono::seconds(*seconds));
  return Validator(std::move(etag), time);
}

class VersionTest : public ::testing::Test {
 protected:
  Version version_{1, *Path::parse("a"), std::vector<ObjectInfo>(1)};
};

TEST_F(VersionTest, TheFirstAnswerOfASourceIsWhatLaterOnesAreComparedWith) {
  EXPECT_TRUE(version_.confirm("0/direct/a", validator("\"x\"", 5)).has_value());
  EXPECT_TRUE(version_.confirm("1/direct/b", validator("\"y\"", 6)).has_value()) << "another source";
  EXPECT_EQ(version_.confirm("0/direct/a", validator("\"y\"", 5)).error().kind, ErrorKind::changed);
}

TEST_F(VersionTest, AKindThatTheFirstAnswerLackedIsPinnedByALaterOne) {
  EXPECT_TRUE(version_.confirm("0/direct/a", validator("", 5)).has_value());
  EXPECT_TRUE(version_.confirm("0/direct/a", validator("\"x\"", 5)).has_value());
  EXPECT_EQ(version_.confirm("0/direct/a", validator("\"y\"", 5)).error().kind, ErrorKind::changed);
}

TEST_F(VersionTest, FollowingForgetsPinsProofsAndDivergence) {
  EXPECT_TRUE(version_.confirm("0/direct/a", validator("\"x\"", 5)).has_value());
  version_.set_divergent(0);
  version_.follow();
  EXPECT_EQ(version_.standing(0), Version::Standing::unproven);
  EXPECT_TRUE(version_.confirm("0/direct/a", validator("\"y\"", 6)).has_value());
  EXPECT_EQ(version_.epoch(), 1u);
}

}  // namespace
}  // namespace balancefs::test
