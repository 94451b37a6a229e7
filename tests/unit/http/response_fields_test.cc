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

class Digests : public testing::Test {
 protected:
  static std::string found(int status, std::vector<HttpHeader> headers) {
    ResponseHead head;
    head.status = status;
    head.headers = std::move(headers);
    return checksums_of(head);
  }
  // Of "hello\n".
  const std::string sha256_ = "WJG1tSLV3whtD/CxEPvZ0hu0/HFjrzTQgoai6Eb2vgM=";
  const std::string md5_ = "sZRqySSS0jR8YjW00mERhA==";
  const std::string sha256_found_ = "sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";
  const std::string md5_found_ = "md5:b1946ac92492d2347c6235b4d2611184";
};

TEST_F(Digests, OfTheWholeFileAreItsChecksums) {
  EXPECT_EQ(found(200, {HttpHeader("repr-digest", "sha-512=:AAAA:, sha-256=:" + sha256_ + ":;x=1")}),
            sha256_found_);
  EXPECT_EQ(found(206, {HttpHeader("repr-digest", "sha-256=:" + sha256_ + ":")}), sha256_found_);
  EXPECT_EQ(found(200, {HttpHeader("digest", "MD5=" + md5_ + ",SHA-256=" + sha256_)}),
            sha256_found_ + " " + md5_found_);
  EXPECT_EQ(
      found(200, {HttpHeader("content-md5", md5_), HttpHeader("repr-digest", "sha-256=:" + sha256_ + ":")}),
      sha256_found_ + " " + md5_found_);
}

TEST_F(Digests, OfAPartOrSenselessAreNone) {
  EXPECT_EQ(found(206, {HttpHeader("content-md5", md5_)}), "") << "of the part";
  EXPECT_EQ(found(200, {HttpHeader("content-digest", "sha-256=:" + sha256_ + ":")}), "")
      << "of what was sent";
  for (const std::string& text :
       {"sha-256=" + sha256_, "sha-256=:" + sha256_, "sha-256=:" + md5_ + ":", std::string("sha-256=:"),
        std::string("sha-256"), std::string(",,="), std::string()}) {
    EXPECT_EQ(found(200, {HttpHeader("repr-digest", text)}), "") << text;
  }
}

}  // namespace
}  // namespace balancefs::test
