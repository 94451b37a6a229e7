// Writing behind: what goes to disk when, what is given up when the disk does not keep up, and the end.
#include "meta/metadata_store.h"

#include <gtest/gtest.h>
#include <sys/mount.h>

#include "support/hung_disk.h"
#include "unit/meta/kept_fixture.h"
#include "unit/meta/kept_records.h"

namespace balancefs::test {
namespace {

using namespace std::chrono_literals;
using State = MetadataSnapshot::State;

class MetadataStoreTest : public KeptTest {
 protected:
  /// What is on disk at this moment, as another program sees it that takes a copy.
  std::optional<std::size_t> names_on_disk(const std::string& directory) {
    const std::string copy = folder.path("look" + std::to_string(++looks_));
    std::filesystem::copy(place, copy);
    MetadataFile file(copy, 1 << 30);
    if (file.open() != MetadataFolder::State::open) return std::nullopt;
    const auto loaded = file.load(DirectoryQuestion("/pt", directory, keys, clocks()));
    if (!loaded || loaded->words.empty()) return std::nullopt;
    return loaded->words.at(0).listing.size();
  }
  /// Asks the members anew.
  void list_again(const std::string& directory) {
    use().expire(path(directory));
    names(directory);
  }

 private:
  int looks_ = 0;
};

TEST_F(MetadataStoreTest, AWalkIsWrittenBehindInOneTransaction) {
  for (int i = 0; i < 50; ++i) group.add_file("d" + std::to_string(i) + "/one", 1);
  start();
  for (int i = 0; i < 50; ++i) names("d" + std::to_string(i));
  EXPECT_EQ(store->snapshot().queued, 50u);
  EXPECT_EQ(store->snapshot().written, 0u);
  EXPECT_EQ(names_on_disk("d0"), std::nullopt);
  written();
  EXPECT_EQ(store->snapshot().queued, 0u);
  EXPECT_EQ(store->snapshot().written, 50u);
  EXPECT_EQ(names_on_disk("d49"), 1u);
}

TEST_F(MetadataStoreTest, OfManyChangesTheNewestAloneIsWritten) {
  group.add_file("a/n0", 1);
  start();
  names("a");
  for (int i = 1; i < 10; ++i) {
    group.add_file("a/n" + std::to_string(i), 1);
    list_again("a");
  }
  written();
  EXPECT_EQ(store->snapshot().written, 1u);
  EXPECT_EQ(names_on_disk("a"), 10u);
}

TEST_F(MetadataStoreTest, TheEndWritesWhatWaits) {
  group.add_file("a/one", 1);
  start();
  names("a");
  stop();
  EXPECT_EQ(names_on_disk("a"), 1u);
}

TEST_F(MetadataStoreTest, ItKnowsWhatItHas) {
  for (const char* name : {"a/one", "a/two", "b/three"}) group.add_file(name, 1);
  start();
  names("a");
  names("b");
  restart();
  written();
  const MetadataSnapshot now = store->snapshot();
  EXPECT_EQ(now.state, State::on);
  EXPECT_EQ(now.folder, place);
  EXPECT_EQ(now.kept.directories, 2u);
  EXPECT_EQ(now.kept.entries, 6u) << "of two members";
  EXPECT_GT(now.kept.bytes, 0u);
}

TEST_F(MetadataStoreTest, AnUnchangedListingIsNotWrittenAgain) {
  for (int i = 0; i < 500; ++i) group.add_file("a/" + std::to_string(i), 1);
  start();
  names("a");
  written();
  const std::string log_file = place + "/listings.sqlite-wal";
  const auto before = std::filesystem::file_size(log_file);
  list_again("a");
  written();
  EXPECT_EQ(store->snapshot().written, 2u);
  EXPECT_LT(std::filesystem::file_size(log_file) - before, 40'000u);
  stop();
  EXPECT_EQ(names_on_disk("a"), 500u);
}

TEST_F(MetadataStoreTest, RecordsOfListingsAreNotMadeOnTheLoop) {
  start();
  DirectoryState state(path("a"), 2, IdentityRule::size);
  state.restore(1, MemberWord::Kind::listed, kept_listing(100));
  DirectoryToKeep directory = kept->to_keep(state);
  ASSERT_EQ(directory.words.size(), 1u);
  EXPECT_FALSE(directory.words[0].entries) << "nothing per name";
  encode_words(directory, clocks());
  ASSERT_TRUE(directory.words[0].entries);
  const auto back =
      decode_listing(*directory.words[0].entries, 1, clocks(), RecordPlace("/pt", "a", keys[1]));
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(back->size(), 100u);
}

TEST_F(MetadataStoreTest, AListingThatChangesWhileItIsWrittenIsWrittenAgain) {
  group.add_file("a/n0", 1);
  start();
  names("a");
  t.elsewhere = nullptr;
  {
    const HungDisk hung;
    t.pass(2s);
    EXPECT_EQ(store->snapshot().queued, 0u);
    EXPECT_EQ(store->snapshot().written, 0u) << "under way";
    group.add_file("a/n1", 1);
    list_again("a");
  }
  t.elsewhere = [this] { return store && store->busy(); };
  written();
  stop();
  EXPECT_EQ(names_on_disk("a"), 2u);
}

TEST_F(MetadataStoreTest, AListingThatWentForRoomIsWrittenAgainWhenItIsAnsweredAgain) {
  most_bytes = 300 * 1024;
  for (int d = 0; d < 20; ++d) {
    for (int i = 0; i < 500; ++i) group[0].add_file("d" + std::to_string(d) + "/" + std::to_string(i), 1);
  }
  start();
  for (int d = 0; d < 20; ++d) {
    names("d" + std::to_string(d));
    t.pass(2s);
  }
  EXPECT_EQ(names_on_disk("d19"), 500u);
  EXPECT_EQ(names_on_disk("d0"), std::nullopt) << "answered the longest ago";
  list_again("d0");  // the same listing as before
  written();
  EXPECT_EQ(names_on_disk("d0"), 500u);
}

TEST_F(MetadataStoreTest, ADiskThatHangsDoesNotFillMemory) {
  group[0].nodes.clear();
  start();
  names("");
  written();
  t.elsewhere = nullptr;
  {
    const HungDisk hung;
    for (int i = 0; i < 10'500; ++i) {
      // As listings that come in; the members are not asked for each.
      kept->changed(std::make_shared<DirectoryState>(path("d" + std::to_string(i)), 2, IdentityRule::size));
    }
    EXPECT_EQ(store->snapshot().queued, 10'000u);
    EXPECT_EQ(store->snapshot().skipped, 500u);
  }
  t.elsewhere = [this] { return store && store->busy(); };
}

TEST_F(MetadataStoreTest, ADiskThatHangsDoesNotFillMemoryWithLargeFolders) {
  most_queued_rows = 1000;
  start();
  t.elsewhere = nullptr;
  const auto folder_of = [&](std::size_t rows) {
    auto state = std::make_shared<DirectoryState>(path("of" + std::to_string(rows)), 2, IdentityRule::size);
    state->restore(0, MemberWord::Kind::listed, kept_listing(rows));
    return state;
  };
  {
    const HungDisk hung;
    const auto small = folder_of(100);
    kept->changed(small);
    kept->changed(folder_of(899));
    EXPECT_EQ(store->snapshot().skipped, 0u);
    small->restore(0, MemberWord::Kind::listed, kept_listing(101));
    kept->changed(small);
    kept->changed(folder_of(1));
    EXPECT_EQ(store->snapshot().skipped, 1u);
    EXPECT_EQ(store->snapshot().queued, 2u);
  }
  t.elsewhere = [this] { return store && store->busy(); };
  written();
  kept->changed(folder_of(5000));
  EXPECT_EQ(store->snapshot().queued, 1u) << "one is written, however large";
}

TEST_F(MetadataStoreTest, WhatCouldNotBeWrittenIsNotProofOfAbsenceLater) {
  std::filesystem::create_directories(place);
  if (::mount("tmpfs", place.c_str(), "tmpfs", 0, "size=1m") != 0) GTEST_SKIP() << "needs root";
  group.add_file("a/one", 1);
  start();
  names("a");
  written();
  std::ofstream(place + "/others") << std::string(2 << 20, 'x');
  for (int i = 0; i < 20'000; ++i) group.add_file("large/" + std::to_string(i), 1);
  names("large");
  written();
  EXPECT_EQ(store->snapshot().state, State::paused);
  use().set_bounds(1, 1);
  names("");
  const int asked = group.lists;
  group[0].latency = group[1].latency = 1s;
  EXPECT_EQ(names("a"), (Names{"one"})) << "still read";
  EXPECT_FALSE(use().proves_absence(path("a")));
  t.pass(2s);
  EXPECT_EQ(group.lists, asked + 1) << "revalidated";
  std::filesystem::remove(place + "/others");
  t.pass(6min, 10s);
  EXPECT_EQ(store->snapshot().state, State::on);
  names("a");
  written();
  EXPECT_GT(store->snapshot().written, 1u);
  stop();
  EXPECT_EQ(::umount2(place.c_str(), MNT_DETACH), 0);
}

TEST_F(MetadataStoreTest, AFolderInUseIsTriedAgainUntilItsOwnerEnds) {
  group.add_file("a/one", 1);
  auto other = std::make_unique<MetadataFile>(place, 1 << 30);
  ASSERT_EQ(other->open(), MetadataFolder::State::open);
  start();
  EXPECT_EQ(store->snapshot().state, State::in_use);
  EXPECT_EQ(names("a"), (Names{"one"}));
  EXPECT_EQ(store->snapshot().queued, 0u);
  other.reset();
  t.pass(31s);
  EXPECT_EQ(store->snapshot().state, State::on);
  list_again("a");
  stop();
  EXPECT_EQ(names_on_disk("a"), 1u);
}

TEST_F(MetadataStoreTest, AFolderOnAFullDiskIsTriedAgainUntilThereIsRoom) {
  std::filesystem::create_directories(place);
  if (::mount("tmpfs", place.c_str(), "tmpfs", 0, "size=1m") != 0) GTEST_SKIP() << "needs root";
  std::ofstream(place + "/others") << std::string(2 << 20, 'x');
  group.add_file("a/one", 1);
  start();
  EXPECT_EQ(store->snapshot().state, State::paused);
  EXPECT_EQ(names("a"), (Names{"one"}));
  t.pass(2min, 10s);
  EXPECT_EQ(store->snapshot().state, State::paused);
  EXPECT_EQ(store->snapshot().queued, 0u);
  std::filesystem::remove(place + "/others");
  t.pass(31s);
  EXPECT_EQ(store->snapshot().state, State::on);
  list_again("a");
  stop();
  EXPECT_EQ(names_on_disk("a"), 1u);
  EXPECT_EQ(::umount2(place.c_str(), MNT_DETACH), 0);
}

TEST_F(MetadataStoreTest, AFolderThatCannotBeUsedTurnsItOff) {
  place = folder.write("file", "") + "/below";
  group.add_file("a/one", 1);
  start();
  EXPECT_EQ(store->snapshot().state, State::off);
  EXPECT_EQ(names("a"), (Names{"one"}));
  EXPECT_EQ(store->snapshot().queued, 0u);
}

TEST_F(MetadataStoreTest, ABrokenFileCostsNothingButWhatWasInIt) {
  group.add_file("a/one", 1);
  std::filesystem::create_directories(place);
  write_bytes(place + "/listings.sqlite", std::string(10'000, 'x'));
  start();
  EXPECT_EQ(store->snapshot().state, State::on);
  EXPECT_EQ(names("a"), (Names{"one"}));
  break_all();
  restart();
  EXPECT_EQ(names("a"), (Names{"one"}));
}

TEST_F(MetadataStoreTest, AnEndWhileItOpensIsClean) {
  MetadataStoreOptions where;
  where.folder = place;
  store = std::make_unique<MetadataStore>(where, t.executor(), t.clock, [this] { return wall(); });
  store->start();
  stop();
}

}  // namespace
}  // namespace balancefs::test
