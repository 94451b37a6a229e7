// The scene of tests of the file system: a group of three members at media/pt, without a kernel.
#pragma once

#include <gtest/gtest.h>

#include "balance/group.h"
#include "fs/filesystem.h"
#include "support/fake_storage.h"
#include "support/ramp_bytes.h"
#include "support/test_loop.h"

namespace balancefs::test {

using namespace std::chrono_literals;

class RecordingNotifier final : public KernelNotifier {
 public:
  void invalidate_entries(std::uint64_t parent, const std::vector<std::string_view>& which) override {
    for (const std::string_view name : which) names.emplace_back(parent, name);
  }
  void expire_entry(std::uint64_t parent, std::string name, ObjectType type) override {
    (type == ObjectType::file ? expired_files : expired_folders).emplace_back(parent, std::move(name));
  }
  Task<bool> told(Clock&, TimePoint) override { co_return true; }
  std::vector<std::pair<std::uint64_t, std::string>> names, expired_files, expired_folders;
};

class Listener final : public ListingListener {
 public:
  Listener(std::unique_ptr<Filesystem>& fs, Path mount) : fs_(fs), mount_(std::move(mount)) {}
  void entries_changed(const Path& directory, std::vector<std::string_view> names) override {
    if (fs_ != nullptr) fs_->entries_changed(mount_, directory, std::move(names));
  }

 private:
  std::unique_ptr<Filesystem>& fs_;
  Path mount_;
};

class FilesystemTest : public ::testing::Test {
 protected:
  FilesystemTest()
      : reads_(16 << 20, ReadOptions(), t_.executor(), t_.clock), listener_(fs_, *Path::parse("media/pt")) {
    std::vector<GroupMember> members;
    for (const char* name : {"/media/pt", "/media/pt.balance1", "/media/pt.balance2"}) {
      auto storage = std::make_unique<FakeStorage>(name, t_.executor(), t_.clock);
      storage->add_file("film.mkv", 1'000'000, 7);
      storage->add_file("show/one.mkv", 300'000, 8);
      storages_.push_back(storage.get());
      StorageOptions options;
      options.path = name;
      members.emplace_back(std::move(storage), options);
    }
    GroupContext context(t_.executor(), t_.clock);
    group_ = std::make_unique<Group>("/media/pt", std::move(members), context);
    listing_ = std::make_unique<ListingCache>(*group_, 3, GroupOptions(), MetadataOptions(), t_.executor(),
                                              t_.clock, &listener_);
    std::vector<MountPointer> mounts;
    mounts.push_back(std::make_shared<MountPoint>(*Path::parse("media/pt"), *group_, *listing_));
    const AttributeMaker attributes(MountOptions(), FileTime(1h));
    fs_ = std::make_unique<Filesystem>(Tree(std::move(mounts)), reads_, attributes);
    fs_->set_notifier(&notifier_);
  }
  ~FilesystemTest() override {
    for (const std::uint64_t handle : open_) fs_->release(handle);
    t_.run_void(reads_.close());
    t_.run_void(listing_->close());
    t_.run_void(group_->close());
    fs_.reset();
  }

  FsResult<EntryReply> lookup(std::uint64_t parent, std::string name) {
    return run(fs_->lookup(parent, std::move(name)));
  }
  std::uint64_t walk(std::initializer_list<const char*> names) {
    std::uint64_t node = InodeTable::kRoot;
    for (const char* name : names) {
      const auto entry = lookup(node, name);
      EXPECT_TRUE(entry && entry->node != 0) << name;
      if (!entry) return 0;
      node = entry->node;
    }
    return node;
  }
  std::uint64_t open(std::uint64_t node) {
    const auto handle = run(fs_->open(node));
    EXPECT_TRUE(handle.has_value());
    open_.push_back(*handle);
    return *handle;
  }
  FsResult<std::string> read(std::uint64_t handle, std::uint64_t offset, std::size_t size) {
    return run(read_text(*fs_, handle, offset, size));
  }
  std::vector<std::string> names(std::uint64_t node) {
    const auto handle = fs_->opendir(node);
    EXPECT_TRUE(run(fs_->prepare_directory(*handle, 0)).has_value());
    std::vector<std::string> out;
    for (const DirectoryItem& item : items(*handle)) out.emplace_back(item.name);
    fs_->releasedir(*handle);
    return out;
  }
  std::vector<DirectoryItem> items(std::uint64_t handle) {
    std::vector<DirectoryItem> out;
    for (auto item = fs_->item(handle, 0); item; item = fs_->item(handle, item->next)) out.push_back(*item);
    return out;
  }
  template <class T>
  FsResult<T> run(Task<FsResult<T>> task) {
    std::optional<FsResult<T>> out;
    const auto done = t_.run(store(std::move(task), out));
    BALANCEFS_CHECK(done.has_value());
    return std::move(*out);
  }

  TestLoop t_;
  RecordingNotifier notifier_;
  std::vector<FakeStorage*> storages_;
  ReadEngine reads_;
  std::unique_ptr<Filesystem> fs_;
  Listener listener_;
  std::unique_ptr<Group> group_;
  std::unique_ptr<ListingCache> listing_;
  std::vector<std::uint64_t> open_;

 private:
  template <class T>
  static Task<Result<void>> store(Task<FsResult<T>> task, std::optional<FsResult<T>>& out) {
    FsResult<T> result = co_await std::move(task);
    out.emplace(std::move(result));
    co_return Result<void>();
  }
  static Task<FsResult<std::string>> read_text(Filesystem& fs, std::uint64_t handle, std::uint64_t offset,
                                               std::size_t size) {
    const FsResult<ReadReply> reply = co_await fs.read(handle, offset, size);
    if (!reply) co_return std::unexpected<FsError>(reply.error());
    std::string text;
    for (const auto& piece : reply->pieces)
      text.append(reinterpret_cast<const char*>(piece.data()), piece.size());
    co_return text;
  }
};

}  // namespace balancefs::test
