#include "http/response_fields.h"

#include <gtest/gtest.h>

namespace balancefs::test {
namespace {

TEST(HttpDate, TimesThatNanosecondsCannotHoldAreNoTimes) {
  EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT"), FileTime(std::chrono::seconds(784'111'777)));
  EXPECT_FALSE(parse_http_date("Sun, 06 Nov 3992 08:49:37 GMT").has_value());
  EXPECT_FALSE(parse_http_date("a day in spring").has_value());
}

TEST(ContentLength, BeyondWhatProgramsCanBeShownIsNoLength) {
  ResponseHead head;
  head.headers.emplace_back("content-length", "9223372036854775807");
  EXPECT_EQ(content_length(head), 9223372036854775807U);
  head.headers.front().value = "9223372036854775808";
  EXPECT_FALSE(content_length(head).has_value());
}

}  // namespace
}  // namespace balancefs::test
