// A hundred thousand files in one folder: what the whole cache holds for them, counted.
#include <gtest/gtest.h>

#include "meta/listing_cache.h"
#include "support/heap_in_use.h"
#include "support/test_loop.h"

namespace balancefs::test {
namespace {

constexpr std::size_t kFiles = 100'000;
constexpr std::size_t kName = 40;
/// "memory per entry": of one member, beside the name.
constexpr std::size_t kMost = 200 + kName;

/// A group whose every folder holds the same files on all members, listed in no order. Names have 40 bytes,
/// ETags 30.
class BigGroup final : public Storage {
 public:
  explicit BigGroup(std::size_t members) {
    for (std::size_t m = 0; m < members; ++m) traits_.members.push_back("/pt.balance" + std::to_string(m));
  }
  const StorageTraits& traits() const override { return traits_; }
  Task<Result<void>> list(Path, ListingSink& entries, RequestContext&) override {
    for (MemberIndex m = 0; m < traits_.members.size(); ++m) {
      for (std::size_t i = 0; i < kFiles; ++i) {
        const std::string number = std::to_string(1'000'000 + i * 7'919 % kFiles);
        ObjectInfo info;
        info.member = m;
        info.size = i;
        info.validator.etag = "\"9b1f-" + number + "-5e1c02aa4b1c8" + std::to_string(10 + m) + "\"";
        info.validator.modified = FileTime(std::chrono::seconds(i));
        const auto taken = entries.entry("Holiday pictures of 2026, number " + number, info);
        if (!taken) co_return taken;
      }
      entries.member_done(m, Result<void>());
    }
    co_return Result<void>();
  }
  Task<Result<ObjectInfo>> stat(Path, RequestContext&) override {
    co_return fail(ErrorKind::unavailable, "");
  }
  std::unique_ptr<ObjectReader> open(std::shared_ptr<Version>, MemberIndex) override { return nullptr; }
  Task<Result<void>> probe(RequestContext&) override { co_return Result<void>(); }
  Task<void> close() override { co_return; }

 private:
  StorageTraits traits_;
};

class BigFolder : public testing::TestWithParam<std::size_t> {
 protected:
  ~BigFolder() override { t_.run_void(cache_.close()); }
  Result<std::shared_ptr<const Directory>> list() { return t_.run(cache_.list(Path())); }
  /// Bytes held since `begin`, for each entry of one member.
  double per_entry(std::size_t begin) const {
    return static_cast<double>(heap_in_use() - begin) / static_cast<double>(kFiles * GetParam());
  }

  TestLoop t_;
  BigGroup group_{GetParam()};
  ListingCache cache_{group_,        GetParam(), GroupOptions(), MetadataOptions(),
                      t_.executor(), t_.clock,   nullptr};
};

TEST_P(BigFolder, StaysBelowTwoHundredBytesAndTheNameForEachEntryOfAMember) {
  const std::size_t begin = heap_in_use();
  ASSERT_TRUE(list().has_value());
  EXPECT_GT(per_entry(begin), kName);
  EXPECT_LT(per_entry(begin), kMost);
  const auto shown = list();
  ASSERT_EQ((*shown)->size(), kFiles);
  EXPECT_EQ((*shown)->find("Holiday pictures of 2026, number 1012345")->copies.size(), GetParam());
  EXPECT_LT(per_entry(begin), kMost) << "with a snapshot in use too";
}

TEST_P(BigFolder, HoldsNoMoreAfterItWasListedAgain) {
  const std::size_t begin = heap_in_use();
  ASSERT_TRUE(list().has_value());
  const double once = per_entry(begin);
  for (int i = 0; i < 3; ++i) {
    cache_.expire(Path());
    ASSERT_TRUE(list().has_value());
  }
  EXPECT_LT(per_entry(begin), once + 1);
}

INSTANTIATE_TEST_SUITE_P(Members, BigFolder, testing::Values(1, 3));

}  // namespace
}  // namespace balancefs::test
