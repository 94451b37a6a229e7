#include "meta/identity.h"

#include <algorithm>
#include <chrono>

#include "base/checksums.h"

namespace balancefs {
namespace {

using Kind = IdentityVerdict::Kind;

/// Index pages show two digits ("1.2M", "12M") and some cut instead of rounding: the last digit of "1.0" is a
/// tenth of the value. Below that, a unit of 1 KiB.
constexpr std::uint64_t kRoundingShare = 10;
constexpr std::uint64_t kRoundingBytes = 1024;

/// FAT and some servers keep times in steps of 2 s.
constexpr std::chrono::seconds kSameTime(2);

bool times_agree(FileTime left, FileTime right) {
  return left <= right + kSameTime && right <= left + kSameTime;
}

}  // namespace

bool sizes_may_match(const InfoView& left, const InfoView& right) {
  if (left.size_kind == SizeKind::unknown || right.size_kind == SizeKind::unknown) return true;
  if (left.size_kind == SizeKind::exact && right.size_kind == SizeKind::exact) return left.size == right.size;
  const auto [small, large] = std::minmax(left.size, right.size);
  return large - small <= large / kRoundingShare + kRoundingBytes;
}

IdentityVerdict judge_identity(IdentityRule rule, const InfoView& authority, const InfoView& copy) {
  if (!sizes_may_match(authority, copy)) return IdentityVerdict(Kind::other_size);
  using Outcome = ChecksumComparison::Outcome;
  const ChecksumComparison checksums = compare_checksums(authority.checksum, copy.checksum);
  if (checksums.outcome == Outcome::different) {
    IdentityVerdict verdict(Kind::other_checksum);
    verdict.checksum = checksums.kind;
    return verdict;
  }
  if (rule == IdentityRule::checksum && checksums.outcome == Outcome::none_in_common)
    return IdentityVerdict(Kind::no_checksum);
  IdentityVerdict verdict(Kind::same);
  if (rule == IdentityRule::size_mtime) {
    if (!authority.modified || !copy.modified) return IdentityVerdict(Kind::no_time);
    if (!times_agree(*authority.modified, *copy.modified)) return IdentityVerdict(Kind::other_time);
    verdict.time = true;
  }
  verdict.checksum = checksums.kind;
  verdict.rounded = authority.size_kind != SizeKind::exact || copy.size_kind != SizeKind::exact;
  return verdict;
}

bool same_identity(IdentityRule rule, const InfoView& authority, const InfoView& copy) {
  return judge_identity(rule, authority, copy).same();
}

}  // namespace balancefs
