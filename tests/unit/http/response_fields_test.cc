#include "http/response_fields.h"

#include <gtest/gtest.h>

namespace balancefs::test {
namespace {

TEST(HttpDate, TimesThatNanosecondsCannotHoldAreNoTimes) {
  EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT"), FileTime(std::chrono::seconds(784'111'777)));
  EXPECT_FALSE(parse_http_date("Sun, 06 Nov 3992 08:49:37 GMT").has_value());
  EXPECT_FALSE(parse_http_date("a day in spring").has_value());
}

}  // namespace
}  // namespace balancefs::test
