// Another group behind a mount path that programs use.
#include "unit/fs/filesystem_fixture.h"

namespace balancefs::test {
namespace {

/// Another group at the same path: what a reload makes of it.
class ReplacedFilesystemTest : public FilesystemTest {
 protected:
  void replace() {
    auto storage = std::make_unique<FakeStorage>("/media/pt", t_.executor(), t_.clock);
    storage->add_file("film.mkv", 1'000'000, 7);
    storage->add_file("other.mkv", 10, 9);
    later_storage_ = storage.get();
    StorageOptions options;
    options.path = "/media/pt";
    std::vector<GroupMember> members;
    members.emplace_back(std::move(storage), options);
    later_ = std::make_unique<Group>("/media/pt", std::move(members), GroupContext(t_.executor(), t_.clock));
    later_listing_ = std::make_unique<ListingCache>(*later_, 1, GroupOptions(), MetadataOptions(),
                                                    t_.executor(), t_.clock, nullptr);
    std::vector<MountPointer> mounts;
    mounts.push_back(std::make_shared<MountPoint>(*Path::parse("media/pt"), *later_, *later_listing_));
    fs_->replace(Tree(std::move(mounts)));
  }
  ~ReplacedFilesystemTest() override {
    if (later_ == nullptr) return;
    for (const std::uint64_t handle : std::exchange(open_, {})) fs_->release(handle);
    t_.run_void(later_listing_->close());
    t_.run_void(reads_.close());
    t_.run_void(later_->close());
  }
  FakeStorage* later_storage_ = nullptr;
  std::unique_ptr<Group> later_;
  std::unique_ptr<ListingCache> later_listing_;
};

TEST_F(ReplacedFilesystemTest, AHandleReadsOnWhereItWasOpenedAndANewOneWhereItIsNow) {
  const std::uint64_t film = walk({"media", "pt", "film.mkv"});
  const std::uint64_t before = open(film);
  read(before, 0, 10);
  replace();
  EXPECT_EQ(run(fs_->open(film)).error().code, ESTALE) << "the kernel looks it up again";
  const std::uint64_t again = walk({"media", "pt", "film.mkv"});
  EXPECT_NE(again, film) << "no pages in common";
  EXPECT_TRUE(read(before, 900'000, 10).has_value());
  EXPECT_EQ(later_storage_->counts.read, 0);
  EXPECT_EQ(*run(fs_->getxattr(film, "user.balancefs.member")), "/media/pt");
  read(open(again), 500'000, 10);
  EXPECT_EQ(later_storage_->counts.read, 1);
}

TEST_F(ReplacedFilesystemTest, AFileThatWasNotOpenedIsOpenedWhereItIsNow) {
  const std::uint64_t film = walk({"media", "pt", "film.mkv"});
  replace();
  read(open(film), 0, 10);
  EXPECT_EQ(later_storage_->counts.read, 1);
}

TEST_F(ReplacedFilesystemTest, WhatWasAskedOfTheGroupBeforeIsAskedAgain) {
  const std::uint64_t pt = walk({"media", "pt"});
  for (FakeStorage* storage : storages_) storage->stall = true;
  std::optional<FsResult<EntryReply>> found;
  t_.scope.spawn([](Filesystem& fs, std::uint64_t parent, auto& out) -> Task<void> {
    out = co_await fs.lookup(parent, "other.mkv");
  }(*fs_, pt, found));
  t_.settle();
  EXPECT_FALSE(found.has_value());
  replace();
  for (FakeStorage* storage : storages_) storage->stall = false;
  t_.pass(MetadataOptions().timeout);
  ASSERT_TRUE(found.has_value());
  EXPECT_TRUE(found->has_value() && (*found)->node != 0) << "it is in the group that is there now";
}

TEST_F(ReplacedFilesystemTest, AnOldSnapshotGivesNamesAndNoNodes) {
  const auto handle = fs_->opendir(walk({"media", "pt"}));
  EXPECT_TRUE(run(fs_->prepare_directory(*handle, 0)).has_value());
  replace();
  for (const DirectoryItem& item : items(*handle)) {
    if (item.name.starts_with(".")) continue;
    EXPECT_EQ(fs_->take_entry(*handle, item).node, 0u) << item.name;
  }
  fs_->releasedir(*handle);
}

TEST_F(ReplacedFilesystemTest, TheKernelIsToldWhatToLookUpAgain) {
  const std::uint64_t pt = walk({"media", "pt"});
  walk({"media", "pt", "show"});
  walk({"media", "pt", "film.mkv"});
  lookup(pt, "other.mkv");
  replace();
  using Names = std::vector<std::pair<std::uint64_t, std::string>>;
  EXPECT_EQ(notifier_.names, (Names{{pt, "film.mkv"}}));
  EXPECT_EQ(notifier_.expired_folders, (Names{{pt, "show"}}));
  EXPECT_EQ(notifier_.expired_files, (Names{{pt, "other.mkv"}})) << "it was not there";
}

}  // namespace
}  // namespace balancefs::test
