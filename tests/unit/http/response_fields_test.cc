#include "http/response_fields.h"

#include <gtest/gtest.h>

namespace balancefs::test {
namespace {

TEST(ContentRange, IsParsedStrictly) {
  const auto range = parse_content_range("bytes 100-199/1000");
  ASSERT_TRUE(range.has_value());
  EXPECT_TRUE(range->satisfied);
  EXPECT_EQ(range->first, 100u);
  EXPECT_EQ(range->last, 199u);
  EXPECT_EQ(range->total, 1000u);
  EXPECT_EQ(parse_content_range("Bytes 0-0/*")->total, std::nullopt);
  EXPECT_FALSE(parse_content_range("bytes */1000")->satisfied);
  for (const char* wrong :
       {"", "bytes", "bytes 1-2", "bytes 2-1/10", "bytes 0-10/10", "bytes a-b/10", "bytes */*",
        "items 0-1/10", "bytes 0-1/x", "bytes -1-2/10", "bytes 0-18446744073709551616/*"}) {
    EXPECT_FALSE(parse_content_range(wrong).has_value()) << wrong;
  }
}

TEST(ValidatorOf, TakesEtagAndTime) {
  ResponseHead head;
  head.headers.emplace_back("etag", "W/\"abc\"");
  head.headers.emplace_back("last-modified", "Sun, 06 Nov 1994 08:49:37 GMT");
  const Validator both = validator_of(head, true);
  EXPECT_EQ(both.etag, "\"abc\"");
  EXPECT_EQ(both.modified, FileTime(std::chrono::seconds(784111777)));
  EXPECT_TRUE(validator_of(head, false).etag.empty());
  head.headers.back().value = "yesterday or so, who knows";
  EXPECT_EQ(validator_of(head, true).modified, std::nullopt);
}

TEST(MediaType, IsLowerCaseWithoutParameters) {
  ResponseHead head;
  EXPECT_EQ(media_type(head), "");
  head.headers.emplace_back("content-type", "Text/HTML; charset=utf-8");
  EXPECT_EQ(media_type(head), "text/html");
}

}  // namespace
}  // namespace balancefs::test
