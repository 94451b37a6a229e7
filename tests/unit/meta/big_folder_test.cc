// A hundred thousand files in one folder: what the whole cache holds for them, counted.
#include <gtest/gtest.h>

#include "meta/listing_cache.h"
#include "support/big_group.h"
#include "support/heap_in_use.h"
#include "support/test_loop.h"

namespace balancefs::test {
namespace {

constexpr std::size_t kFiles = BigGroup::kFiles;
constexpr std::size_t kName = BigGroup::kName;
/// "memory per entry": of one member, beside the name.
constexpr std::size_t kMost = 200 + kName;

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
