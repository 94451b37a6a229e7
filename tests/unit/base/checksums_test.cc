// Checksums of several kinds: one normal form, compared by every kind that two files have in common.
#include "base/checksums.h"

#include <gtest/gtest.h>

namespace balancefs::test {
namespace {

using Outcome = ChecksumComparison::Outcome;

std::string digits(std::size_t count, char digit = 'a') {
  return std::string(count, digit);
}

TEST(Checksums, AreKeptInOneOrderAndSpelling) {
  EXPECT_EQ(normal_checksums("  MD5:" + digits(32, 'B') + "\n SHA1:" + digits(40) + " SHA-256:" + digits(64)),
            "sha256:" + digits(64) + " sha1:" + digits(40) + " md5:" + digits(32, 'b'));
  EXPECT_EQ(normal_checksums("SHA3-256:" + digits(64)), "sha3-256:" + digits(64));
}

TEST(Checksums, WhatProvesNothingIsLeftOut) {
  for (const std::string& text :
       {std::string("ADLER32:01234567"), std::string("CRC32C:01234567"), "SHA1:" + digits(39),
        "SHA1:" + digits(40, 'g'), digits(40), "SHA1" + digits(40), std::string("SHA1:"), std::string(":"),
        std::string()}) {
    EXPECT_EQ(normal_checksums(text), "") << text;
  }
  EXPECT_EQ(normal_checksums("SHA1:" + digits(40) + " SHA1:" + digits(40, 'b')), "sha1:" + digits(40));
}

// The values of an empty file and of "hello\n".
TEST(Checksums, AreReadFromBase64) {
  EXPECT_EQ(checksum_of_base64("md5", "1B2M2Y8AsgTpgAmY7PhCfg=="), "md5:d41d8cd98f00b204e9800998ecf8427e");
  EXPECT_EQ(checksum_of_base64("SHA", " 2jmj7l5rSw0yVb/vlWAYkK/YBwk= "),
            "sha1:da39a3ee5e6b4b0d3255bfef95601890afd80709");
  EXPECT_EQ(checksum_of_base64("sha-256", "WJG1tSLV3whtD/CxEPvZ0hu0/HFjrzTQgoai6Eb2vgM="),
            "sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03");
  for (const char* wrong :
       {"", "=", "1B2M2Y8AsgTpgAmY7PhCfg", "1B2M2Y8AsgTpgAmY7PhCfg=", "1B2M2Y8AsgTpgAmY7PhC====",
        "1B2M2Y8AsgTpgAmY7PhCfg==x", "1B2M*Y8AsgTpgAmY7PhCfg==", "1B2M=Y8AsgTpgAmY7PhCfg==",
        "1B2M Y8AsgTpgAmY7PhCfg==", "1B2M2Y8AsgTpgAmY7Ph-----", "2jmj7l5rSw0yVb/vlWAYkK/YBwk="}) {
    EXPECT_EQ(checksum_of_base64("md5", wrong), "") << wrong;
  }
  EXPECT_EQ(checksum_of_base64("crc32c", "AAAAAA=="), "");
}

TEST(Checksums, AreComparedByTheKindsThatBothGive) {
  const auto outcome = [](std::string_view left, std::string_view right) {
    const ChecksumComparison found = compare_checksums(left, right);
    EXPECT_EQ(found.outcome, compare_checksums(right, left).outcome);
    return std::pair(found.outcome, std::string(found.kind));
  };
  EXPECT_EQ(outcome("sha1:aa md5:bb", "md5:bb"), std::pair(Outcome::same, std::string("md5")));
  EXPECT_EQ(outcome("sha1:aa md5:bb", "sha1:aa md5:bb"), std::pair(Outcome::same, std::string("sha1")));
  EXPECT_EQ(outcome("sha1:aa md5:bb", "sha1:aa md5:bc"), std::pair(Outcome::different, std::string("md5")));
  EXPECT_EQ(outcome("sha256:aa md5:bb", "sha1:aa"), std::pair(Outcome::none_in_common, std::string()));
  EXPECT_EQ(outcome("", "sha1:aa"), std::pair(Outcome::none_in_common, std::string()));
  EXPECT_EQ(outcome("adler32:aa", "adler32:aa"), std::pair(Outcome::none_in_common, std::string()));
}

}  // namespace
}  // namespace balancefs::test
