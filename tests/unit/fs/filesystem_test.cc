// The file system's operations over a real group, cache and read engine, on storages in memory: no kernel, no
// network, time by hand.
#include "unit/fs/filesystem_fixture.h"

namespace balancefs::test {
namespace {

TEST_F(FilesystemTest, VirtualDirectoriesLeadToTheGroupAndRawNamesDoNot) {
  // SEMANTICS: "Raw names (`pt.balance1`) are never listed and never reachable through the mount."
  EXPECT_EQ(names(InodeTable::kRoot), (std::vector<std::string>{".", "..", "media"}));
  EXPECT_EQ(names(walk({"media"})), (std::vector<std::string>{".", "..", "pt"}));
  EXPECT_EQ(names(walk({"media", "pt"})), (std::vector<std::string>{".", "..", "film.mkv", "show"}));
  const auto raw = lookup(walk({"media"}), "pt.balance1");
  ASSERT_TRUE(raw.has_value());
  EXPECT_EQ(raw->node, 0u);
}

TEST_F(FilesystemTest, EachHandleTakesTheNextMemberWhenItFirstNeedsBytes) {
  // SEMANTICS: "One rotation step per handle, taken when it first needs bytes from a member; handles that
  // cached blocks serve take none."
  for (FakeStorage* storage : storages_) {
    for (int i = 0; i < 6; ++i) storage->add_file("show/" + std::to_string(i), 50'000, 100 + i);
  }
  const std::uint64_t show = walk({"media", "pt", "show"});
  for (int i = 0; i < 6; ++i) {
    const auto entry = lookup(show, std::to_string(i));
    const std::uint64_t handle = open(entry->node);
    EXPECT_EQ(*read(handle, 0, 50'000), ramp_bytes(0, 50'000, 100 + i));
    EXPECT_EQ(*read(open(entry->node), 0, 1'000), ramp_bytes(0, 1'000, 100 + i));
  }
  for (const FakeStorage* storage : storages_) EXPECT_EQ(storage->counts.read, 2);
}

TEST_F(FilesystemTest, LookingAtMetadataNeverAdvancesTheRotation) {
  // SEMANTICS: "looking at metadata never advances the rotation"
  walk({"media", "pt", "film.mkv"});
  names(walk({"media", "pt"}));
  for (const FakeStorage* storage : storages_) EXPECT_EQ(storage->counts.read, 0);
}

TEST_F(FilesystemTest, AMemberThatDiesInMidReadCostsNotAByte) {
  const std::uint64_t handle = open(walk({"media", "pt", "film.mkv"}));
  EXPECT_EQ(*read(handle, 0, 4096), ramp_bytes(0, 4096, 7));
  storages_[0]->fail_everything = Error(ErrorKind::unavailable, "refused");
  EXPECT_EQ(*read(handle, 500'000, 131'072), ramp_bytes(500'000, 131'072, 7));
}

TEST_F(FilesystemTest, AChangedFileIsANewNodeAndTheOldHandleAnswersEstale) {
  const std::uint64_t node = walk({"media", "pt", "film.mkv"});
  const std::uint64_t handle = open(node);
  EXPECT_EQ(*read(handle, 0, 4096), ramp_bytes(0, 4096, 7));
  for (FakeStorage* storage : storages_) storage->add_file("film.mkv", 1'000'000, 9, 2);
  const auto later = read(handle, 700'000, 4096);
  ASSERT_FALSE(later.has_value());
  EXPECT_EQ(later.error().code, ESTALE);
  EXPECT_EQ(run(fs_->open(node)).error().code, ESTALE) << "the kernel looks up again by itself";
  EXPECT_FALSE(notifier_.names.empty());
  const auto entry = lookup(walk({"media", "pt"}), "film.mkv");
  ASSERT_TRUE(entry.has_value());
  EXPECT_NE(entry->node, node);
  EXPECT_EQ(*read(open(entry->node), 700'000, 4096), ramp_bytes(700'000, 4096, 9));
}

TEST_F(FilesystemTest, AFileThatNobodyHasOpenedIsANewNodeWhenItChangedToo) {
  const std::uint64_t pt = walk({"media", "pt"});
  const std::uint64_t node = walk({"media", "pt", "film.mkv"});
  t_.pass(11min, 1min);
  EXPECT_EQ(lookup(pt, "film.mkv")->node, node) << "asked again, and the same";
  for (FakeStorage* storage : storages_) storage->add_file("film.mkv", 1'000'000, 9, 2);
  t_.pass(11min, 1min);
  const auto newer = lookup(pt, "film.mkv");
  EXPECT_NE(newer->node, node);
  const auto shown = run(fs_->getattr(node));
  EXPECT_EQ(shown->attributes.ino, newer->attributes.ino);
  EXPECT_LT(shown->attributes.modified, newer->attributes.modified) << "a node is one version";
  EXPECT_EQ(run(fs_->getattr(newer->node))->attributes.modified, newer->attributes.modified);
  EXPECT_EQ(run(fs_->open(node)).error().code, ESTALE);
}

TEST_F(FilesystemTest, A404InAReadIsBelievedOnlyWhenTheFolderSaysSoToo) {
  const std::uint64_t handle = open(walk({"media", "pt", "film.mkv"}));
  ASSERT_TRUE(read(handle, 0, 4096).has_value());
  for (FakeStorage* storage : storages_) storage->fail_read = Error(ErrorKind::not_found, "404");
  EXPECT_EQ(read(handle, 700'000, 4096).error().code, EIO);
  for (FakeStorage* storage : storages_) storage->remove("film.mkv");
  EXPECT_EQ(read(handle, 700'000, 4096).error().code, ESTALE);
}

TEST_F(FilesystemTest, UnknownIsEioAndNeverEnoent) {
  for (FakeStorage* storage : storages_) storage->fail_everything = Error(ErrorKind::unavailable, "refused");
  const std::uint64_t media = walk({"media"});
  const std::uint64_t pt = walk({"media", "pt"});
  EXPECT_NE(media, 0u);
  EXPECT_EQ(lookup(pt, "film.mkv").error().code, EIO);
  const auto handle = fs_->opendir(pt);
  EXPECT_EQ(run(fs_->prepare_directory(*handle, 0)).error().code, EIO);
  fs_->releasedir(*handle);
}

TEST_F(FilesystemTest, AbsenceIsKnownForAsLongAsTheListingIsFresh) {
  const auto missing = lookup(walk({"media", "pt"}), "nothing");
  ASSERT_TRUE(missing.has_value());
  EXPECT_EQ(missing->node, 0u);
  EXPECT_GT(missing->valid_for, 0s);
  EXPECT_LE(missing->valid_for, 60s);
}

TEST_F(FilesystemTest, ExtendedAttributesTellWhereAPathComesFrom) {
  const std::uint64_t film = walk({"media", "pt", "film.mkv"});
  EXPECT_EQ(*run(fs_->getxattr(film, "user.balancefs.members")),
            "/media/pt,/media/pt.balance1,/media/pt.balance2");
  EXPECT_EQ(*run(fs_->getxattr(film, "user.balancefs.identity")),
            "size=1000000 rule=size; /media/pt: authority; /media/pt.balance1: same (size); "
            "/media/pt.balance2: same (size)");
  EXPECT_EQ(run(fs_->getxattr(film, "user.balancefs.member")).error().code, ENODATA) << "nobody has read it";
  read(open(film), 0, 10);
  EXPECT_EQ(*run(fs_->getxattr(film, "user.balancefs.member")), "/media/pt");
  EXPECT_EQ(run(fs_->getxattr(film, "security.selinux")).error().code, EOPNOTSUPP);
  EXPECT_EQ(run(fs_->getxattr(film, "user.other")).error().code, ENODATA);
}

TEST_F(FilesystemTest, ExtendedAttributesOfFoldersNameWhoHoldsThem) {
  storages_[1]->add_file("only/here", 1);
  const std::uint64_t root = walk({"media", "pt"});
  const std::uint64_t show = walk({"media", "pt", "show"});
  const std::uint64_t only = walk({"media", "pt", "only"});
  const std::string everybody = "/media/pt,/media/pt.balance1,/media/pt.balance2";
  EXPECT_EQ(*run(fs_->getxattr(root, "user.balancefs.members")), everybody);
  EXPECT_EQ(*run(fs_->getxattr(show, "user.balancefs.members")), everybody);
  EXPECT_EQ(*run(fs_->getxattr(only, "user.balancefs.members")), "/media/pt.balance1");
  const std::uint64_t media = walk({"media"});
  EXPECT_EQ(run(fs_->getxattr(media, "user.balancefs.members")).error().code, ENODATA) << "a virtual one";
  for (const std::uint64_t folder : {root, show, only, media}) {
    EXPECT_EQ(run(fs_->getxattr(folder, "user.balancefs.member")).error().code, ENODATA);
    EXPECT_EQ(run(fs_->getxattr(folder, "user.balancefs.identity")).error().code, ENODATA);
  }
  for (const FakeStorage* storage : storages_) EXPECT_EQ(storage->counts.read + storage->counts.stat, 0);
  const std::uint64_t handle = open(walk({"media", "pt", "film.mkv"}));
  read(handle, 0, 10);
  EXPECT_EQ(storages_[0]->counts.read, 1) << "nobody's turn was taken";
}

TEST_F(FilesystemTest, AVirtualFolderInsideAStorageIsHeldByWhoHasItThere) {
  const std::string inner = "media/pt/show/inner";
  FakeStorage below("/media/pt/show/inner", t_.executor(), t_.clock);
  ListingCache listing(below, 1, GroupOptions(), MetadataOptions(), t_.executor(), t_.clock, nullptr);
  std::vector<MountPointer> mounts;
  mounts.push_back(std::make_shared<MountPoint>(*Path::parse("media/pt"), *group_, *listing_));
  mounts.push_back(std::make_shared<MountPoint>(*Path::parse(inner), below, listing));
  mounts.push_back(std::make_shared<MountPoint>(*Path::parse("media/pt/none/inner"), below, listing));
  fs_ = std::make_unique<Filesystem>(Tree(std::move(mounts)), reads_,
                                     AttributeMaker(MountOptions(), FileTime()));
  storages_[2]->remove("show");
  EXPECT_EQ(*run(fs_->getxattr(walk({"media", "pt", "show"}), "user.balancefs.members")),
            "/media/pt,/media/pt.balance1");
  EXPECT_EQ(run(fs_->getxattr(walk({"media", "pt", "none"}), "user.balancefs.members")).error().code,
            ENODATA);
  t_.run_void(listing.close());
}

TEST_F(FilesystemTest, ARefreshMakesTheKernelAskAgainForWhatItKnows) {
  const std::uint64_t pt = walk({"media", "pt"});
  const std::uint64_t show = walk({"media", "pt", "show"});
  walk({"media", "pt", "show", "one.mkv"});
  walk({"media", "pt", "film.mkv"});
  lookup(pt, "nothing");
  lookup(show, "nowhere");
  const RefreshReport done = fs_->refresh(*Path::parse("media/pt/show"), false);
  EXPECT_EQ(done.folder, *Path::parse("media/pt/show"));
  EXPECT_EQ(done.groups, 1u);
  EXPECT_EQ(done.listings, 1u);
  using Names = std::vector<std::pair<std::uint64_t, std::string>>;
  EXPECT_EQ(notifier_.expired_files, (Names{{show, "one.mkv"}, {show, "nowhere"}}));
  EXPECT_EQ(notifier_.expired_folders, (Names{{pt, "show"}}));
  EXPECT_TRUE(notifier_.names.empty()) << "nothing is taken from programs";
  const int before = storages_[0]->counts.list;
  lookup(pt, "film.mkv");
  EXPECT_EQ(storages_[0]->counts.list, before + 1) << "the folder that holds its name is asked too";
}

TEST_F(FilesystemTest, ARefreshOfEverythingReachesTheGroupsBelow) {
  walk({"media", "pt", "show", "one.mkv"});
  lookup(walk({"media", "pt"}), "nothing");
  EXPECT_EQ(fs_->refresh(Path(), false).groups, 0u) << "a virtual folder: nothing is cached of it";
  EXPECT_TRUE(notifier_.expired_files.empty());
  const RefreshReport done = fs_->refresh(Path(), true);
  EXPECT_EQ(done.groups, 1u);
  EXPECT_EQ(done.listings, 2u);
  EXPECT_EQ(notifier_.expired_files.size(), 2u);
  EXPECT_EQ(notifier_.expired_folders.size(), 1u) << "what mount paths make does not change";
}

TEST_F(FilesystemTest, ReaddirplusCountsAReferenceForEveryEntryThatItGives) {
  const std::uint64_t pt = walk({"media", "pt"});
  const auto handle = fs_->opendir(pt);
  ASSERT_TRUE(run(fs_->prepare_directory(*handle, 0)).has_value());
  const std::vector<DirectoryItem> lines = items(*handle);
  const EntryReply film = fs_->take_entry(*handle, lines[2]);
  EXPECT_EQ(film.attributes.size, 1'000'000u);
  fs_->releasedir(*handle);
  const std::size_t before = fs_->inodes().size();
  fs_->forget(film.node, 1);
  EXPECT_EQ(fs_->inodes().size(), before - 1);
}

TEST_F(FilesystemTest, AnOldSnapshotDoesNotBringBackWhatChangedSince) {
  const std::uint64_t pt = walk({"media", "pt"});
  const auto handle = fs_->opendir(pt);
  ASSERT_TRUE(run(fs_->prepare_directory(*handle, 0)).has_value());
  for (FakeStorage* storage : storages_) {
    storage->add_file("film.mkv", 2'000'000, 9, 2);
    storage->remove("show/one.mkv");
    storage->remove("show");
  }
  t_.pass(11min, 1min);
  const auto newer = lookup(pt, "film.mkv");
  ASSERT_TRUE(newer.has_value());
  EXPECT_EQ(newer->attributes.size, 2'000'000u);
  const std::vector<DirectoryItem> lines = items(*handle);
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_EQ(fs_->take_entry(*handle, lines[2]).node, 0u) << "a lookup has to come first";
  EXPECT_EQ(fs_->take_entry(*handle, lines[3]).node, 0u);
  EXPECT_EQ(lookup(pt, "film.mkv")->node, newer->node);
  fs_->releasedir(*handle);
}

TEST_F(FilesystemTest, WhatAMountPathHidesIsNoNewsToTheKernel) {
  walk({"media", "pt"});
  fs_->entries_changed(Path(), Path(), {"media"});
  fs_->entries_changed(Path(), *Path::parse("media"), {"pt"});
  EXPECT_TRUE(notifier_.names.empty());
  fs_->entries_changed(Path(), *Path::parse("media"), {"other", "pt"});
  EXPECT_EQ(notifier_.names.size(), 1u);
}

TEST_F(FilesystemTest, ANameThatTheKernelRefusesCostsNoOtherEntry) {
  for (FakeStorage* storage : storages_) storage->add_file("show/" + std::string(5000, 'x'), 1);
  EXPECT_EQ(names(walk({"media", "pt", "show"})), (std::vector<std::string>{".", "..", "one.mkv"}));
}

}  // namespace
}  // namespace balancefs::test
