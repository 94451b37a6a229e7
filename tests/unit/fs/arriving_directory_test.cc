// A large folder that is read while its listing still arrives: first names early, every name once, and an
// error where the listing breaks off.
#include <gtest/gtest.h>

#include <set>

#include "fs/filesystem.h"
#include "support/listing_group.h"
#include "support/test_loop.h"

namespace balancefs::test {
namespace {

/// A group whose members list what they are told to; the first one waits for go() in the middle.
class ArrivingGroup final : public ListingGroup {
 public:
  ArrivingGroup(TestLoop& loop, std::size_t members) : ListingGroup(members), loop_(loop), rows_(members) {}
  void add(MemberIndex member, std::string name, ObjectType type = ObjectType::file) {
    rows_[member].emplace_back(std::move(name), type);
  }
  void add_files(MemberIndex member, int count) {
    for (int i = count; i > 0; --i) add(member, "file" + std::to_string(10'000 + i));
  }
  void go() {
    arrived_ = true;
    changed_.wake_all();
  }
  Task<Result<void>> list(Path, ListingSink& entries, RequestContext&) override {
    ++lists;
    for (MemberIndex m = 1; m < rows_.size(); ++m) send(m, 0, rows_[m].size(), entries);
    for (MemberIndex m = 1; m < rows_.size(); ++m) entries.member_done(m, Result<void>());
    send(0, 0, pause_after, entries);
    while (!arrived_) co_await changed_.wait_until(loop_.clock, loop_.clock.now() + std::chrono::hours(1));
    send(0, pause_after, rows_[0].size(), entries);
    const Result<void> broken = fail(ErrorKind::corrupted, "cut off");
    entries.member_done(0, breaks_off ? broken : Result<void>());
    co_return Result<void>();
  }
  std::size_t pause_after = 600;
  bool breaks_off = false;
  int lists = 0;

 private:
  void send(MemberIndex member, std::size_t begin, std::size_t end, ListingSink& entries) {
    for (std::size_t i = begin; i < std::min(end, rows_[member].size()); ++i) {
      ObjectInfo info;
      info.member = member;
      info.type = rows_[member][i].type;
      BALANCEFS_CHECK(entries.entry(rows_[member][i].name, info).has_value());
    }
  }
  TestLoop& loop_;
  std::vector<std::vector<FirstName>> rows_;
  bool arrived_ = false;
  WaitList changed_;
};

using Names = std::vector<std::string>;

class ArrivingDirectory : public testing::TestWithParam<std::size_t> {
 protected:
  ArrivingDirectory() : reads_(16 << 20, ReadOptions(), t_.executor(), t_.clock) {
    std::vector<MountPointer> mounts;
    mounts.push_back(std::make_shared<MountPoint>(Path(), group_, listing_));
    mounts.push_back(std::make_shared<MountPoint>(*Path::parse("hidden"), other_, other_listing_));
    fs_ = std::make_unique<Filesystem>(Tree(std::move(mounts)), reads_,
                                       AttributeMaker(MountOptions(), FileTime()));
    handle_ = *fs_->opendir(InodeTable::kRoot);
  }
  ~ArrivingDirectory() override {
    fs_->releasedir(handle_);
    t_.run_void(reads_.close());
    t_.run_void(listing_.close());
    t_.run_void(other_listing_.close());
  }
  /// 0, or the errno of reading at an offset.
  int prepare(std::uint64_t offset) { return *t_.run(ask(*fs_, handle_, offset)); }
  /// What a program sees that reads to the end, or to an error.
  Names read_all(std::uint64_t offset = 0) {
    Names names;
    while (true) {
      const int code = prepare(offset);
      if (code != 0) {
        names.push_back("errno " + std::to_string(code));
        return names;
      }
      const std::uint64_t begin = offset;
      for (auto item = fs_->item(handle_, offset); item; item = fs_->item(handle_, offset)) {
        names.emplace_back(item->name);
        offset = item->next;
      }
      if (offset == begin) return names;
    }
  }
  static Names sorted(Names names) {
    std::sort(names.begin(), names.end());
    return names;
  }
  static Names expected(int files, Names more = {}) {
    Names names = {".", "..", "hidden"};
    for (int i = 1; i <= files; ++i) names.push_back("file" + std::to_string(10'000 + i));
    names.insert(names.end(), more.begin(), more.end());
    return sorted(names);
  }

  TestLoop t_;
  ReadEngine reads_;
  ArrivingGroup group_{t_, GetParam()};
  ArrivingGroup other_{t_, 1};
  ListingCache listing_{group_,        GetParam(), GroupOptions(), MetadataOptions(),
                        t_.executor(), t_.clock,   nullptr};
  ListingCache other_listing_{other_, 1, GroupOptions(), MetadataOptions(), t_.executor(), t_.clock, nullptr};
  std::unique_ptr<Filesystem> fs_;
  std::uint64_t handle_ = 0;

  static Task<Result<int>> ask(Filesystem& fs, std::uint64_t handle, std::uint64_t offset) {
    const FsResult<void> ready = co_await fs.prepare_directory(handle, offset);
    co_return ready ? 0 : ready.error().code;
  }
};

TEST_P(ArrivingDirectory, GivesFirstNamesBeforeTheLastHasArrivedAndEveryNameOnce) {
  // SEMANTICS: "The first names of a large folder of which nothing is known are handed out while the rest of
  // its listing arrives"
  group_.add_files(0, 2'000);
  ASSERT_EQ(prepare(0), 0);
  Names first;
  std::uint64_t offset = 0;
  for (auto item = fs_->item(handle_, 0); item; item = fs_->item(handle_, offset)) {
    first.emplace_back(item->name);
    offset = item->next;
  }
  ASSERT_EQ(first.size(), 3u + Fetch::kFirstNames);
  EXPECT_EQ(first[3], "file12000");
  const auto item = fs_->item(handle_, 3);
  EXPECT_EQ(fs_->take_entry(handle_, *item).node, 0u) << "no node for what is not confirmed";
  group_.go();
  const Names rest = read_all(offset);
  first.insert(first.end(), rest.begin(), rest.end());
  EXPECT_EQ(sorted(first), expected(2'000));
  EXPECT_EQ(group_.lists, 1);
}

TEST_P(ArrivingDirectory, KeepsItsOffsetsUntilItIsRewound) {
  group_.add_files(0, 2'000);
  ASSERT_EQ(prepare(0), 0);
  group_.go();
  const std::uint64_t early = fs_->item(handle_, 10)->next;
  const std::string early_name(fs_->item(handle_, early)->name);
  const Names all = read_all(3);
  EXPECT_EQ(all.size(), 2'000u);
  EXPECT_EQ(fs_->item(handle_, early)->name, early_name);
  const std::uint64_t late = 3 + Fetch::kFirstNames + 700;
  const std::string late_name(fs_->item(handle_, late)->name);
  EXPECT_EQ(read_all(late).front(), late_name);
  const Names rewound = read_all();
  EXPECT_EQ(sorted(rewound), expected(2'000));
  EXPECT_EQ(rewound[3], "file10001") << "the whole listing was there";
}

TEST_P(ArrivingDirectory, AListingThatBreaksOffIsAnErrorAndNeverAnEnd) {
  group_.add_files(0, 2'000);
  group_.breaks_off = true;
  ASSERT_EQ(prepare(0), 0);
  group_.go();
  const Names all = read_all(3);
  ASSERT_EQ(all.size(), Fetch::kFirstNames + 1u);
  EXPECT_EQ(all.back(), "errno " + std::to_string(EIO));
}

TEST_P(ArrivingDirectory, NamesThatComeTwiceOrThatAMountPathHidesAreShownOnce) {
  group_.add(0, "hidden");
  group_.add(0, "file10001");
  group_.add(0, "file10001");
  group_.add_files(0, 1'000);
  ASSERT_EQ(prepare(0), 0);
  EXPECT_FALSE(fs_->item(handle_, 2 + 1 + Fetch::kFirstNames - 2)) << "512 rows, 510 of them worth showing";
  group_.go();
  Names names = read_all(2);
  names.insert(names.end(), {".", ".."});
  EXPECT_EQ(sorted(names), expected(1'000));
}

TEST_P(ArrivingDirectory, ASmallFolderIsWaitedFor) {
  group_.add_files(0, Fetch::kFirstNames - 1);
  group_.pause_after = 300;
  group_.go();
  EXPECT_EQ(read_all(), [] {
    Names names = expected(Fetch::kFirstNames - 1);
    std::stable_partition(names.begin(), names.end(), [](const std::string& name) { return name[0] != 'f'; });
    return names;
  }());
}

INSTANTIATE_TEST_SUITE_P(OneMember, ArrivingDirectory, testing::Values(1));

class ArrivingUnion : public ArrivingDirectory {};
INSTANTIATE_TEST_SUITE_P(TwoMembers, ArrivingUnion, testing::Values(2));

TEST_P(ArrivingUnion, IsWaitedForBecauseTheOthersWordsAreMissing) {
  group_.add_files(0, 2'000);
  group_.add(1, "only here");
  Flow<Result<int>> asked(t_.executor(), ask(*fs_, handle_, 0));
  t_.settle();
  EXPECT_FALSE(asked.done());
  group_.go();
  t_.settle();
  ASSERT_TRUE(asked.done());
  EXPECT_EQ(*asked.take(), 0);
  EXPECT_EQ(sorted(read_all(2)).size() + 2, expected(2'000, {"only here"}).size());
}

}  // namespace
}  // namespace balancefs::test
