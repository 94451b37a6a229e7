// The bytes of one file at several members, read in step: the same range of all of them, then the next one.
//
// The first copy is what the others are compared with. A copy that differs, or cannot be read, is left out
// from there on and reported; it ends when fewer than two are left. Loop thread.
#pragma once

#include <vector>

#include "verify/answers.h"
#include "verify/member_access.h"
#include "verify/sampling.h"

namespace balancefs {

/// Where in two blocks of one range the first difference is, from the beginning of the range; absent: none.
std::optional<std::size_t> first_difference(std::span<const std::byte> left,
                                            std::span<const std::byte> right);

class ByteComparison {
 public:
  /// All outlive the call of run(). `scope` is closed before any of them goes.
  ByteComparison(std::vector<std::unique_ptr<MemberAccess>>& members, TaskScope& scope, VerifyCounts& counts)
      : members_(members), scope_(scope), counts_(counts) {}

  struct Findings {
    std::vector<Difference> differences;
    std::vector<Unknown> unknown;
    Findings() = default;
  };
  /// `ranges` in order, none longer than `block`.
  Task<Findings> run(AlikeFile file, std::vector<ByteRange> ranges, std::uint64_t block);

 private:
  using Copies = std::vector<std::shared_ptr<OpenCopy>>;
  Task<void> read(const Path& path, ByteRange range, Copies& copies, Findings& findings);
  void compare(const Path& path, ByteRange range, Copies& copies, Findings& findings) const;

  std::vector<std::unique_ptr<MemberAccess>>& members_;
  TaskScope& scope_;
  VerifyCounts& counts_;
};

}  // namespace balancefs
