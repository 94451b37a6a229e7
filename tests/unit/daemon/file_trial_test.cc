#include "daemon/file_trial.h"

#include <gtest/gtest.h>

namespace balancefs::test {
namespace {

Validator tagged(std::string etag, std::optional<int> second = std::nullopt) {
  Validator validator;
  validator.etag = std::move(etag);
  if (second) validator.modified = FileTime(std::chrono::seconds(*second));
  return validator;
}

TEST(EtagsAlternate, WhenOneTimeOfChangeHasSeveral) {
  EXPECT_TRUE(etags_alternate(std::vector<Validator>{tagged("\"a\"", 1), tagged("\"b\"", 1)}));
  EXPECT_FALSE(etags_alternate(std::vector<Validator>{tagged("\"a\"", 1), tagged("\"b\"", 2)}))
      << "the file changed";
  EXPECT_FALSE(etags_alternate(std::vector<Validator>{tagged("\"a\"", 1), tagged("\"a\"", 1)}));
}

TEST(EtagsAlternate, WhenOneComesBackAfterAnother) {
  EXPECT_TRUE(etags_alternate(std::vector<Validator>{tagged("\"a\""), tagged("\"b\""), tagged("\"a\"")}));
  EXPECT_FALSE(etags_alternate(std::vector<Validator>{tagged("\"a\""), tagged("\"b\""), tagged("\"b\"")}))
      << "the file changed";
}

TEST(EtagsAlternate, AnswersWithoutOneSayNothing) {
  EXPECT_FALSE(
      etags_alternate(std::vector<Validator>{tagged("\"a\"", 1), tagged("", 1), tagged("\"a\"", 1)}));
  EXPECT_FALSE(etags_alternate(std::vector<Validator>{}));
}

}  // namespace
}  // namespace balancefs::test
