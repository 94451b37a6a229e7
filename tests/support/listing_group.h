// A group of which only listings are asked: what tests of directories derive theirs from.
#pragma once

#include <string>

#include "balancefs/storage.h"

namespace balancefs::test {

class ListingGroup : public Storage {
 public:
  explicit ListingGroup(std::size_t members) {
    for (std::size_t m = 0; m < members; ++m) traits_.members.push_back("/pt.balance" + std::to_string(m));
  }
  const StorageTraits& traits() const override { return traits_; }
  Task<Result<ObjectInfo>> stat(Path, RequestContext&) override {
    co_return fail(ErrorKind::unavailable, "");
  }
  std::unique_ptr<ObjectReader> open(std::shared_ptr<Version>, MemberIndex) override { return nullptr; }
  Task<Result<void>> probe(RequestContext&) override { co_return Result<void>(); }
  Task<void> close() override { co_return; }

 private:
  StorageTraits traits_;
};

}  // namespace balancefs::test
