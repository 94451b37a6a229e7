// Crashes and flipped bits: whatever becomes of the file, nobody is told a name that was not kept.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "meta/metadata_file.h"
#include "support/temp_folder.h"
#include "unit/meta/kept_records.h"

namespace balancefs::test {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMostBytes = 1 << 30;
constexpr int kDirectories = 12;

std::string path_of(int directory) {
  return "d" + std::to_string(directory);
}

/// All directories at one revision: listings in which every row tells the directory and the revision.
std::vector<DirectoryToKeep> all_directories(std::uint64_t revision) {
  std::vector<DirectoryToKeep> all;
  for (int i = 0; i < kDirectories; ++i) {
    const auto names = 3 + static_cast<std::size_t>(i) * 15;
    const std::uint64_t size = revision * 1'000'000 + static_cast<std::uint64_t>(i) * 1000;
    all.push_back(directory_to_keep(path_of(i), kept_listing(names, size)));
  }
  return all;
}

/// The revision of a directory that was read; nothing when it is not kept. Fails when a row is not as
/// written.
std::optional<std::uint64_t> revision_of(MetadataFile& file, int directory) {
  const auto kept = file.load(question_of(path_of(directory)));
  if (!kept || kept->words.empty()) return std::nullopt;
  const MemberListing& listing = kept->words.at(0).listing;
  const auto names = 3 + static_cast<std::size_t>(directory) * 15;
  EXPECT_EQ(listing.size(), names);
  const std::optional<ObjectInfo> first = listing.find("n0");
  if (!first) {
    ADD_FAILURE() << "a name is lacking";
    return std::nullopt;
  }
  const std::uint64_t revision = first->size / 1'000'000;
  const MemberListing written =
      kept_listing(names, revision * 1'000'000 + static_cast<std::uint64_t>(directory) * 1000);
  written.for_each(
      [&](std::string_view name, const ObjectInfo& info) { EXPECT_EQ(listing.find(name), info) << name; });
  return revision;
}

class MetadataDamage : public ::testing::Test {
 protected:
  std::string place(const std::string& name) const { return folder_.path(name); }
  static fs::path database(const std::string& place) { return place + "/listings.sqlite"; }
  /// In place of what is there, without a log.
  static void put(const std::string& place, const std::string& bytes) {
    fs::remove(database(place).string() + "-wal");
    write_bytes(database(place), bytes);
  }

  /// Opens what lies there, reads all of it, writes all of it anew, and reads that. Where an index is damaged
  /// that nothing has noticed, what is read then may be the older state or none, and is as it was written.
  static void expect_sound(const std::string& place, std::uint64_t newest, bool index_is_whole = true) {
    MetadataFile file(place, kMostBytes);
    ASSERT_EQ(file.open(), MetadataFolder::State::open) << file.why();
    for (int i = 0; i < kDirectories; ++i) {
      const auto revision = revision_of(file, i);
      EXPECT_LE(revision.value_or(0), newest);
    }
    // What the damage did not show itself in may still refuse a write, once.
    if (!file.save(all_directories(newest + 1))) {
      ASSERT_TRUE(file.save(all_directories(newest + 1)).has_value());
    }
    for (int i = 0; i < kDirectories; ++i) {
      const auto revision = revision_of(file, i);
      if (index_is_whole) {
        EXPECT_EQ(revision, newest + 1);
      } else {
        EXPECT_LE(revision.value_or(0), newest + 1);
      }
    }
  }

  TempFolder folder_;
};

TEST_F(MetadataDamage, KilledInTheMiddleOfWritingItIsWholeAndOfOneTransaction) {
  const std::string here = place("killed");
  std::uint64_t last = 0;
  for (int round = 0; round < 8; ++round) {
    int ready[2];
    ASSERT_EQ(::pipe(ready), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      MetadataFile file(here, kMostBytes);
      if (file.open() != MetadataFolder::State::open) ::_exit(1);
      for (std::uint64_t revision = last + 1;; ++revision) {
        if (!file.save(all_directories(revision))) ::_exit(2);
        if (::write(ready[1], "x", 1) != 1) ::_exit(3);
      }
    }
    ::close(ready[1]);
    char byte = 0;
    for (int i = 0; i < 3 + round; ++i) ASSERT_EQ(::read(ready[0], &byte, 1), 1);
    const std::uint64_t acknowledged = last + 3 + static_cast<std::uint64_t>(round);
    ASSERT_EQ(::kill(child, SIGKILL), 0);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "status " << WEXITSTATUS(status);
    ::close(ready[0]);
    MetadataFile file(here, kMostBytes);
    ASSERT_EQ(file.open(), MetadataFolder::State::open);
    const auto revision = revision_of(file, 0);
    ASSERT_TRUE(revision.has_value());
    EXPECT_GE(*revision, acknowledged) << "what was acknowledged is there";
    for (int i = 1; i < kDirectories; ++i) EXPECT_EQ(revision_of(file, i), revision);
    EXPECT_EQ(file.damaged(), 0u);
    EXPECT_TRUE(file.load(question_of(path_of(0)))->maybe_outdated);
    last = *revision;
  }
}

TEST_F(MetadataDamage, FilesThatWereCopiedWhileTheyWereWrittenAreSound) {
  const std::string here = place("written");
  MetadataFile file(here, kMostBytes);
  ASSERT_EQ(file.open(), MetadataFolder::State::open);
  std::string older;
  for (std::uint64_t revision = 1; revision <= 40; ++revision) {
    const std::string begun = bytes_of(database(here));
    ASSERT_TRUE(file.save(all_directories(revision)).has_value());
    const std::string copy = place("copy" + std::to_string(revision));
    fs::create_directory(copy);
    // The two files of different moments, as a copy under way gives them.
    write_bytes(database(copy), revision % 2 == 0 ? begun : bytes_of(database(here)));
    const std::string log = bytes_of(database(here).string() + "-wal");
    write_bytes(database(copy).string() + "-wal",
                revision % 3 == 0 ? older : log.substr(0, log.size() - revision * 97));
    older = log;
    expect_sound(copy, revision);
    fs::remove_all(copy);
  }
}

TEST_F(MetadataDamage, CutOffAnywhereItIsSound) {
  const std::string here = place("whole");
  {
    MetadataFile file(here, kMostBytes);
    ASSERT_EQ(file.open(), MetadataFolder::State::open);
    ASSERT_TRUE(file.save(all_directories(1)).has_value());
    file.close(true);
  }
  const std::string whole = bytes_of(database(here));
  for (std::size_t length = 0; length < whole.size(); length += 1 + whole.size() / 40) {
    put(here, whole.substr(0, length));
    expect_sound(here, 1);
  }
}

// Every 151st byte or so of a file of some 70 KiB, in the headers every single one.
TEST_F(MetadataDamage, FlippedBitsAnywhereNeverShowANameThatWasNotKept) {
  const std::string here = place("flipped");
  {
    MetadataFile file(here, kMostBytes);
    ASSERT_EQ(file.open(), MetadataFolder::State::open);
    ASSERT_TRUE(file.save(all_directories(1)).has_value());
    ASSERT_TRUE(file.save(all_directories(2)).has_value());
    file.close(true);
  }
  const std::string whole = bytes_of(database(here));
  ASSERT_GT(whole.size(), 40'000u);
  int at_all = 0;
  for (std::size_t at = 0; at < whole.size(); at += at < 200 ? 3 : 151 + at % 7) {
    std::string flipped = whole;
    flipped[at] = static_cast<char>(flipped[at] ^ (1 << (at % 8)));
    put(here, flipped);
    SCOPED_TRACE(at);
    expect_sound(here, 2, false);
    if (HasFatalFailure()) return;
    ++at_all;
  }
  EXPECT_GT(at_all, 300);
}

TEST_F(MetadataDamage, FlippedBitsInTheLogAreSound) {
  const std::string here = place("log");
  const std::string kept = place("kept");
  {
    MetadataFile file(here, kMostBytes);
    ASSERT_EQ(file.open(), MetadataFolder::State::open);
    for (std::uint64_t revision = 1; revision <= 3; ++revision)
      ASSERT_TRUE(file.save(all_directories(revision)).has_value());
    fs::copy(here, kept);  // with its log, as a crash leaves it
  }
  const std::string log = bytes_of(database(kept).string() + "-wal");
  const std::string main = bytes_of(database(kept));
  ASSERT_GT(log.size(), 10'000u);
  for (std::size_t at = 0; at < log.size(); at += at < 64 ? 1 : log.size() / 150) {
    std::string flipped = log;
    flipped[at] = static_cast<char>(flipped[at] ^ (1 << (at % 8)));
    write_bytes(database(kept), main);
    write_bytes(database(kept).string() + "-wal", flipped);
    SCOPED_TRACE(at);
    expect_sound(kept, 3);
    if (HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace balancefs::test
