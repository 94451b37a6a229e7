// The file of the kept metadata: what is written is there, what is wrong with it costs what was in it only.
#include "meta/metadata_file.h"

#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/temp_folder.h"
#include "unit/meta/kept_records.h"

namespace balancefs::test {
namespace {

namespace fs = std::filesystem;

class MetadataFileTest : public ::testing::Test {
 protected:
  MetadataFile& open() {
    file_.reset();
    file_ = std::make_unique<MetadataFile>(place_, most_bytes_);
    EXPECT_EQ(file_->open(), MetadataFolder::State::open) << file_->why();
    return *file_;
  }
  MetadataFile& reopen(bool clean = true) {
    if (clean) file_->close(true);
    return open();
  }
  void save(const std::string& path, const MemberListing& listing, std::int64_t answered = 1) {
    const auto saved = file_->save({directory_to_keep(path, listing, answered)});
    ASSERT_TRUE(saved.has_value()) << saved.error().text;
    EXPECT_TRUE(saved->empty());
  }
  /// How many names the first member lists; -1: nothing is kept.
  int names(const std::string& path) {
    const auto kept = file_->load(question_of(path));
    if (!kept) return -1;
    return static_cast<int>(kept->words.at(0).listing.size());
  }
  fs::path database() const { return place_ + "/listings.sqlite"; }
  void change(const std::string& what) const {
    auto direct = SqliteDatabase::open(database().string());
    ASSERT_TRUE(direct && direct->run(what).has_value());
  }

  TempFolder folder_;
  std::string place_ = folder_.path("cache/mnt.metadata");
  std::uint64_t most_bytes_ = 1 << 30;
  std::unique_ptr<MetadataFile> file_;
};

TEST_F(MetadataFileTest, WhatWasWrittenIsThereAfterARestart) {
  open();
  save("", kept_listing(2));
  save("a/b", kept_listing(5));
  reopen();
  EXPECT_EQ(names(""), 2);
  EXPECT_EQ(names("a/b"), 5);
  EXPECT_EQ(names("a"), -1);
  const auto kept = file_->load(question_of("a/b"));
  EXPECT_EQ(kept->fresh_from, clocks().wall(clocks().now()));
  EXPECT_FALSE(kept->maybe_outdated);
  EXPECT_EQ(kept->words.at(0).word.answered_at, clocks().wall(clocks().now()));
  EXPECT_EQ(kept->words.at(0).listing.find("n4")->size, 5u);
  EXPECT_EQ(file_->amount()->directories, 2u);
  EXPECT_EQ(file_->amount()->entries, 7u);
}

TEST_F(MetadataFileTest, TheNewerStateWins) {
  open();
  save("a", kept_listing(5));
  save("a", kept_listing(3));
  EXPECT_EQ(names("a"), 3);
  EXPECT_EQ(file_->amount()->directories, 1u);
  EXPECT_EQ(file_->amount()->entries, 3u);
}

TEST_F(MetadataFileTest, AWordWithoutItsListingIsReportedAndChangesNothing) {
  open();
  save("a", kept_listing(5));
  const MemberListing other = kept_listing(3);
  DirectoryToKeep word_alone = directory_to_keep("a", other);
  word_alone.words[0].entries.reset();
  const auto saved = file_->save({directory_to_keep("b", other), word_alone});
  ASSERT_TRUE(saved.has_value());
  EXPECT_EQ(*saved, std::vector<std::size_t>{1});
  EXPECT_EQ(names("a"), 5);
  DirectoryToKeep again = directory_to_keep("a", kept_listing(5));
  again.words[0].entries.reset();
  EXPECT_TRUE(file_->save({again})->empty()) << "the listing that is there needs not be written again";
}

TEST_F(MetadataFileTest, AMemberThatIsConfiguredNoMoreIsNotLoaded) {
  open();
  save("a", kept_listing(5));
  const DirectoryQuestion other("/pt", "a", {kSecond}, clocks());
  ASSERT_TRUE(file_->load(other).has_value());
  EXPECT_TRUE(file_->load(other)->words.empty());
  EXPECT_EQ(names("a"), 5) << "and is there when it comes back";
}

TEST_F(MetadataFileTest, AnAbsentDirectoryAndADoubtAreKept) {
  open();
  DirectoryToKeep kept = directory_to_keep("a", kept_listing(5));
  kept.words[0] = word_to_keep("a", kFirst, nullptr);
  WordRecord doubted;
  doubted.listed = true;
  doubted.doubted_since = FileTime(std::chrono::hours(3));
  const MemberListing listing = kept_listing(2);
  WordToKeep second = word_to_keep("a", kSecond, &listing);
  doubted.listing = second.listing;
  second.word = encode_word(doubted, RecordPlace("/pt", "a", kSecond));
  kept.words.push_back(second);
  ASSERT_TRUE(file_->save({kept})->empty());
  reopen();
  const auto back = file_->load(question_of("a"));
  ASSERT_EQ(back->words.size(), 2u);
  EXPECT_FALSE(back->words[0].word.listed);
  EXPECT_EQ(back->words[1].word.doubted_since, doubted.doubted_since);
}

TEST_F(MetadataFileTest, ARunThatDidNotEndAsItShouldProvesNoAbsence) {
  open();
  save("a", kept_listing(5));
  reopen(false);
  EXPECT_TRUE(file_->load(question_of("a"))->maybe_outdated);
  save("b", kept_listing(5));
  EXPECT_FALSE(file_->load(question_of("b"))->maybe_outdated) << "what this run wrote is as it was";
  reopen();
  EXPECT_TRUE(file_->load(question_of("a"))->maybe_outdated) << "also two restarts later";
  EXPECT_FALSE(file_->load(question_of("b"))->maybe_outdated);
}

TEST_F(MetadataFileTest, WhatCouldNotBeWrittenTakesTheProofFromWhatWas) {
  open();
  save("a", kept_listing(5));
  file_->distrust();
  save("b", kept_listing(5));
  EXPECT_TRUE(file_->load(question_of("a"))->maybe_outdated);
  EXPECT_FALSE(file_->load(question_of("b"))->maybe_outdated);
  reopen();
  EXPECT_TRUE(file_->load(question_of("a"))->maybe_outdated);
  EXPECT_FALSE(file_->load(question_of("b"))->maybe_outdated);
}

TEST_F(MetadataFileTest, ExpiringReachesWhatLiesBelowAndNothingElse) {
  open();
  const std::vector<std::string> all = {"", "a", "a/b", "a/b/c", "a/b0", "a/b.x", "ab", "b"};
  for (const std::string& path : all) save(path, kept_listing(1));
  ASSERT_TRUE(file_->expire("/pt", "a/b", true, DirectoryExpiry::refreshed).has_value());
  ASSERT_TRUE(file_->expire("/pt", "b", false, DirectoryExpiry::expired).has_value());
  ASSERT_TRUE(file_->expire("/other", "", true, DirectoryExpiry::refreshed).has_value());
  reopen();
  for (const std::string& path : all) {
    const bool below = path == "a/b" || path == "a/b/c";
    const auto expected = below         ? DirectoryExpiry::refreshed
                          : path == "b" ? DirectoryExpiry::expired
                                        : DirectoryExpiry::none;
    EXPECT_EQ(file_->load(question_of(path))->expiry, expected) << path;
  }
  save("a/b", kept_listing(1));
  EXPECT_EQ(file_->load(question_of("a/b"))->expiry, DirectoryExpiry::none) << "asked for anew";
  ASSERT_TRUE(file_->expire("/pt", "", true, DirectoryExpiry::expired).has_value());
  for (const std::string& path : all)
    EXPECT_NE(file_->load(question_of(path))->expiry, DirectoryExpiry::none) << path;
}

TEST_F(MetadataFileTest, WhatWasAnsweredTheLongestAgoGoesFirst) {
  most_bytes_ = 512 * 1024;
  open();
  for (int i = 0; i < 60; ++i) save("d" + std::to_string(i), kept_listing(1000), 1000 - i);
  EXPECT_EQ(names("d0"), 1000);
  EXPECT_EQ(names("d59"), -1);
  const auto amount = file_->amount();
  EXPECT_LE(amount->bytes, most_bytes_);
  EXPECT_GT(amount->directories, 5u);
  EXPECT_EQ(amount->entries, 1000 * amount->directories) << "nothing is left of those that went";
}

TEST_F(MetadataFileTest, OneDaemonAtATimeUsesIt) {
  open();
  save("a", kept_listing(5));
  MetadataFile second(place_, most_bytes_);
  EXPECT_EQ(second.open(), MetadataFolder::State::in_use);
  EXPECT_FALSE(second.load(question_of("a")).has_value());
  EXPECT_FALSE(second.save({directory_to_keep("a", kept_listing(1))}).has_value());
  file_.reset();
  EXPECT_EQ(second.open(), MetadataFolder::State::open);
  EXPECT_TRUE(second.load(question_of("a")).has_value());
}

TEST_F(MetadataFileTest, AFileThatIsNoDatabaseIsBegunAnew) {
  open();
  save("a", kept_listing(5));
  file_->close(true);
  write_bytes(database(), std::string(100'000, 'x'));
  open();
  EXPECT_EQ(file_->damaged(), 1u);
  EXPECT_EQ(names("a"), -1);
  save("a", kept_listing(4));
  reopen();
  EXPECT_EQ(names("a"), 4);
}

TEST_F(MetadataFileTest, AnUnknownNewerVersionIsBegunAnew) {
  open();
  save("a", kept_listing(5));
  file_->close(true);
  change("PRAGMA user_version = 1000");
  open();
  EXPECT_EQ(file_->damaged(), 1u);
  EXPECT_EQ(names("a"), -1);
  save("a", kept_listing(4));
  reopen();
  EXPECT_EQ(names("a"), 4);
}

TEST_F(MetadataFileTest, AnotherProgramsDatabaseIsBegunAnew) {
  open();
  file_->close(true);
  file_.reset();
  fs::remove(database());
  change("CREATE TABLE songs (title TEXT)");
  open();
  EXPECT_EQ(file_->damaged(), 1u);
  save("a", kept_listing(4));
  EXPECT_EQ(names("a"), 4);
}

TEST_F(MetadataFileTest, ATableThatIsLackingIsBegunAnewAlsoWhileItIsInUse) {
  open();
  save("a", kept_listing(5));
  file_->close(true);
  change("DROP TABLE words");
  open();
  EXPECT_EQ(file_->damaged(), 1u);
  save("a", kept_listing(4));
  EXPECT_EQ(names("a"), 4);
}

TEST_F(MetadataFileTest, ADamagedListingCostsItsDirectoryOnly) {
  open();
  save("a", kept_listing(5));
  save("b", kept_listing(5));
  file_->close(true);
  change("UPDATE listings SET entries = zeroblob(length(entries)) WHERE directory = 1");
  open();
  EXPECT_EQ(names("a"), -1);
  EXPECT_EQ(names("b"), 5);
  EXPECT_EQ(file_->amount()->directories, 1u) << "it is given up";
  EXPECT_EQ(file_->damaged(), 1u);
}

TEST_F(MetadataFileTest, RecordsThatWereExchangedAreNotBelieved) {
  open();
  save("a", kept_listing(5, 1));
  save("b", kept_listing(5, 100));
  file_->close(true);
  change(
      "UPDATE words SET directory = directory + 100; UPDATE words SET directory = 103 - directory;"
      "UPDATE listings SET directory = directory + 100; UPDATE listings SET directory = 103 - directory");
  open();
  EXPECT_EQ(names("a"), -1);
  EXPECT_EQ(names("b"), -1);
}

TEST_F(MetadataFileTest, ALinkInItsPlaceIsNotFollowed) {
  open();
  file_->close(true);
  file_.reset();
  fs::remove(database());
  const fs::path other = folder_.write("other", "precious");
  fs::create_symlink(other, database());
  open();
  save("a", kept_listing(5));
  EXPECT_EQ(names("a"), 5);
  EXPECT_EQ(bytes_of(other), "precious");
}

TEST_F(MetadataFileTest, ALinkOnTheWayToTheFolderIsFollowed) {
  fs::create_directory(folder_.path("disk"));
  fs::create_directory_symlink(folder_.path("disk"), folder_.path("cache"));
  open();
  save("a", kept_listing(5));
  reopen();
  EXPECT_EQ(names("a"), 5);
}

TEST_F(MetadataFileTest, AFolderThatCannotBeUsedSaysWhy) {
  folder_.write("cache", "a file");
  MetadataFile in_a_file(place_, most_bytes_);
  EXPECT_EQ(in_a_file.open(), MetadataFolder::State::unusable);
  EXPECT_NE(in_a_file.why(), "");
  EXPECT_FALSE(in_a_file.load(question_of("a")).has_value());
  if (::geteuid() != 0) GTEST_SKIP() << "needs root for the rest";
  const std::string others = folder_.path("others.metadata");
  fs::create_directory(others);
  ASSERT_EQ(::chown(others.c_str(), 65534, 65534), 0);
  MetadataFile foreign(others, most_bytes_);
  EXPECT_EQ(foreign.open(), MetadataFolder::State::unusable);
  EXPECT_NE(foreign.why().find("another user"), std::string::npos);
}

TEST_F(MetadataFileTest, AFileOfAnotherUserIsBegunAnew) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  open();
  save("a", kept_listing(5));
  file_->close(true);
  ASSERT_EQ(::chown(database().c_str(), 65534, 65534), 0);
  open();
  EXPECT_EQ(names("a"), -1);
  struct stat info{};
  ASSERT_EQ(::stat(database().c_str(), &info), 0);
  EXPECT_EQ(info.st_uid, 0u);
}

TEST_F(MetadataFileTest, AFullDiskKeepsWhatIsThereAndTakesMoreWhenItHasRoom) {
  fs::create_directories(place_);
  if (::mount("tmpfs", place_.c_str(), "tmpfs", 0, "size=1m") != 0) GTEST_SKIP() << "needs root";
  open();
  save("a", kept_listing(5));
  std::ofstream(place_ + "/others") << std::string(2 << 20, 'x');
  Result<std::vector<std::size_t>> saved = std::vector<std::size_t>();
  for (int i = 0; i < 100 && saved; ++i)
    saved = file_->save({directory_to_keep("d" + std::to_string(i), kept_listing(2000))});
  ASSERT_FALSE(saved.has_value()) << "the disk is full";
  EXPECT_EQ(saved.error().kind, ErrorKind::no_space);
  EXPECT_EQ(names("a"), 5);
  reopen(false);
  EXPECT_EQ(names("a"), 5) << "a full disk still tells what is on it";
  EXPECT_TRUE(file_->load(question_of("a"))->maybe_outdated);
  EXPECT_EQ(file_->damaged(), 0u);
  fs::remove(place_ + "/others");
  save("late", kept_listing(7));
  EXPECT_EQ(names("late"), 7);
  file_.reset();
  EXPECT_EQ(::umount2(place_.c_str(), MNT_DETACH), 0);
}

}  // namespace
}  // namespace balancefs::test
