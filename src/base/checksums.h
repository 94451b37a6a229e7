// Checksums of a whole file as ObjectInfo::checksum holds them: "sha1:HEX md5:HEX", lower case, each kind
// once, the strongest first. Pure functions.
//
// Kinds by strength: sha256, sha3-256, sha1, md5. Others are left out: ADLER32 and CRCs agree by chance too
// often to prove that two files are the same.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace balancefs {

/// Of several kinds in any order and spelling: "SHA1:ABC MD5:DEF ADLER32:1", the value in hexadecimal digits.
/// What is no value of a known kind is left out; of a kind that comes twice the first counts.
std::string normal_checksums(std::string_view text);
/// "sha1:HEX" of a kind in any spelling ("sha-1") and its bytes in base64, padded (RFC 4648, section 4);
/// empty when it is no such value.
std::string checksum_of_base64(std::string_view kind, std::string_view base64);

/// What two files' checksums say, in normal form.
struct ChecksumComparison {
  enum class Outcome : std::uint8_t { none_in_common, same, different };
  Outcome outcome = Outcome::none_in_common;
  std::string_view kind;  ///< the strongest that both give, or the one that differs

  ChecksumComparison() = default;
  ChecksumComparison(Outcome what, std::string_view by) : outcome(what), kind(by) {}
};

/// By every kind that both give: one that differs is enough.
ChecksumComparison compare_checksums(std::string_view left, std::string_view right);

}  // namespace balancefs
