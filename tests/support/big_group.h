// A group whose every folder holds the same 100,000 files on all members, listed in no order. Names have 40
// bytes, ETags 30.
#pragma once

#include <string>

#include "support/listing_group.h"

namespace balancefs::test {

class BigGroup final : public ListingGroup {
 public:
  static constexpr std::size_t kFiles = 100'000;
  static constexpr std::size_t kName = 40;

  using ListingGroup::ListingGroup;
  Task<Result<void>> list(Path, ListingSink& entries, RequestContext&) override {
    for (MemberIndex m = 0; m < traits().members.size(); ++m) {
      for (std::size_t i = 0; i < kFiles; ++i) {
        const std::string number = std::to_string(1'000'000 + i * 7'919 % kFiles);
        ObjectInfo info;
        info.member = m;
        info.size = i;
        info.validator.etag = "\"9b1f-" + number + "-5e1c02aa4b1c8" + std::to_string(10 * state + m) + "\"";
        info.validator.modified = FileTime(std::chrono::seconds(i));
        const auto taken = entries.entry("Holiday pictures of 2026, number " + number, info);
        if (!taken) co_return taken;
      }
      entries.member_done(m, Result<void>());
    }
    co_return Result<void>();
  }
  /// 1 to 9: of all files; their ETags name it.
  int state = 1;
};

}  // namespace balancefs::test
