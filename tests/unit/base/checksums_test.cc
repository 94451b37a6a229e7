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
