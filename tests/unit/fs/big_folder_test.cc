// A hundred thousand files in one folder after `ls -l`: what is held for them, rows and nodes, counted.
#include <gtest/gtest.h>

#include "fs/filesystem.h"
#include "support/big_group.h"
#include "support/heap_in_use.h"
#include "support/test_loop.h"

namespace balancefs::test {
namespace {

constexpr std::size_t kFiles = BigGroup::kFiles;
/// "memory per entry": of one member, beside the name.
constexpr double kMost = 200 + BigGroup::kName;

/// The group is the whole mount; only names and attributes are asked for.
class LookedUpFolder : public testing::TestWithParam<std::size_t> {
 protected:
  LookedUpFolder() {
    std::vector<MountPointer> mounts;
    mounts.push_back(std::make_shared<MountPoint>(Path(), group_, cache_));
    fs_ = std::make_unique<Filesystem>(Tree(std::move(mounts)), reads_,
                                       AttributeMaker(MountOptions(), FileTime()));
  }
  ~LookedUpFolder() override {
    t_.run_void(reads_.close());
    t_.run_void(cache_.close());
  }

  /// As READDIRPLUS does: the node of every entry.
  std::vector<std::uint64_t> list() {
    std::vector<std::uint64_t> nodes;
    const std::uint64_t handle = *fs_->opendir(InodeTable::kRoot);
    const auto ready = t_.run(prepared(*fs_, handle));
    EXPECT_TRUE(ready.has_value());
    nodes.reserve(kFiles);
    for (auto item = fs_->item(handle, 2); item; item = fs_->item(handle, item->next)) {
      nodes.push_back(fs_->take_entry(handle, *item).node);
    }
    fs_->releasedir(handle);
    return nodes;
  }
  /// The first READDIR waits for the whole listing where it names an offset behind what came first.
  static Task<Result<void>> prepared(Filesystem& fs, std::uint64_t handle) {
    const FsResult<void> begun = co_await fs.prepare_directory(handle, 0);
    BALANCEFS_CHECK(begun.has_value());
    const FsResult<void> whole = co_await fs.prepare_directory(handle, 2 + kFiles);
    BALANCEFS_CHECK(whole.has_value());
    co_return Result<void>();
  }
  static double per_file(std::size_t begin) {
    return (static_cast<double>(heap_in_use()) - static_cast<double>(begin)) / static_cast<double>(kFiles);
  }

  TestLoop t_;
  BigGroup group_{GetParam()};
  ListingCache cache_{group_,        GetParam(), GroupOptions(), MetadataOptions(),
                      t_.executor(), t_.clock,   nullptr};
  ReadEngine reads_{16 << 20, ReadOptions(), t_.executor(), t_.clock};
  std::unique_ptr<Filesystem> fs_;
};

TEST_P(LookedUpFolder, ANodeAndTheRowsOfAMemberStayBelowTwoHundredBytesAndTheName) {
  const std::size_t begin = heap_in_use();
  ASSERT_TRUE(t_.run(cache_.list(Path())).has_value());
  const double rows = per_file(begin);
  std::vector<std::uint64_t> nodes = list();
  ASSERT_EQ(nodes.size(), kFiles);
  ASSERT_EQ(fs_->inodes().size(), 1 + kFiles);
  nodes = std::vector<std::uint64_t>();
  const double all = per_file(begin);
  EXPECT_GT(all - rows, BigGroup::kName);
  EXPECT_LT(rows / static_cast<double>(GetParam()) + (all - rows), kMost) << "rows: " << rows;
}

TEST_P(LookedUpFolder, WhatTheKernelForgetsIsGivenBack) {
  ASSERT_TRUE(t_.run(cache_.list(Path())).has_value());
  const std::size_t begin = heap_in_use();
  std::vector<std::uint64_t> nodes = list();
  for (const std::uint64_t node : nodes) fs_->forget(node, 1);
  EXPECT_EQ(fs_->inodes().size(), 1u);
  nodes = std::vector<std::uint64_t>();
  EXPECT_LT(per_file(begin), 16) << "numbers for the next nodes";
}

TEST_P(LookedUpFolder, FilesThatAllChangedGetNewNodesAndNobodyHoldsTheOldOnes) {
  const std::vector<std::uint64_t> before = list();
  group_.state = 2;
  cache_.expire(Path());
  t_.pass(std::chrono::minutes(11), std::chrono::minutes(1));
  const std::vector<std::uint64_t> after = list();
  ASSERT_EQ(after.size(), kFiles);
  for (std::size_t i = 0; i < kFiles; ++i) {
    ASSERT_NE(after[i], before[i]);
    fs_->forget(before[i], 1);
  }
  EXPECT_EQ(fs_->inodes().size(), 1 + kFiles);
}

INSTANTIATE_TEST_SUITE_P(Members, LookedUpFolder, testing::Values(1, 3));

}  // namespace
}  // namespace balancefs::test
