// Files of older versions are brought to the newest with what is in them; others are begun anew.
#include "meta/metadata_schema.h"

#include <gtest/gtest.h>

#include <array>

#include "support/temp_folder.h"
#include "unit/meta/kept_records.h"

namespace balancefs::test {
namespace {

class MetadataSchema : public ::testing::Test {
 protected:
  SqliteDatabase database() const {
    auto opened = SqliteDatabase::open(file());
    EXPECT_TRUE(opened.has_value());
    return std::move(*opened);
  }
  std::string file() const { return folder_.path("listings.sqlite"); }

  TempFolder folder_;
};

/// Version 1 as it was released, with one directory in it. Written by hand once, and never to be changed.
constexpr const char* kReleased1 = R"(
CREATE TABLE directories (
  id INTEGER PRIMARY KEY,
  grp BLOB NOT NULL,
  path BLOB NOT NULL,
  answered INTEGER NOT NULL,
  expired INTEGER NOT NULL,
  run INTEGER NOT NULL,
  state BLOB NOT NULL,
  UNIQUE (grp, path)
);
CREATE INDEX directories_answered ON directories (answered);
CREATE TABLE words (
  directory INTEGER NOT NULL,
  member INTEGER NOT NULL,
  entries INTEGER NOT NULL,
  word BLOB NOT NULL,
  PRIMARY KEY (directory, member)
) WITHOUT ROWID;
CREATE TABLE listings (
  directory INTEGER NOT NULL,
  member INTEGER NOT NULL,
  sum INTEGER NOT NULL,
  entries BLOB NOT NULL,
  PRIMARY KEY (directory, member)
);
CREATE TABLE run (
  id INTEGER PRIMARY KEY CHECK (id = 0),
  number INTEGER NOT NULL,
  trusted_from INTEGER NOT NULL,
  clean INTEGER NOT NULL
);
INSERT INTO run VALUES (0, 7, 1, 1);
)";

TEST_F(MetadataSchema, AStepBringsAFileOfVersion1ToVersion2) {
  const std::array<const char*, 2> steps = {metadata_steps()[0],
                                            "ALTER TABLE directories ADD COLUMN depth INTEGER;"
                                            "UPDATE directories SET depth = 4;"};
  SqliteDatabase old = database();
  ASSERT_TRUE(migrate(old, std::span(steps).first(1)).has_value());
  ASSERT_TRUE(old.run("INSERT INTO directories VALUES (1, 'g', 'p', 2, 0, 1, 's')").has_value());
  ASSERT_TRUE(migrate(old, steps).has_value());
  EXPECT_EQ(old.number("PRAGMA user_version").value(), 2);
  EXPECT_EQ(old.number("SELECT depth FROM directories WHERE path = 'p'").value(), 4);
  ASSERT_TRUE(migrate(old, steps).has_value()) << "and is left alone from then on";
}

TEST_F(MetadataSchema, AStepThatFailsLeavesTheFileAsItWas) {
  const std::array<const char*, 2> steps = {metadata_steps()[0],
                                            "UPDATE run SET number = 9; ALTER TABLE nothing ADD COLUMN x;"};
  SqliteDatabase old = database();
  ASSERT_TRUE(migrate(old, std::span(steps).first(1)).has_value());
  EXPECT_FALSE(migrate(old, steps).has_value());
  EXPECT_EQ(old.number("PRAGMA user_version").value(), 1);
  EXPECT_EQ(old.number("SELECT number FROM run").value(), 0);
}

TEST_F(MetadataSchema, AFileThatVersion1WroteIsRead) {
  const MemberListing listing = kept_listing(3);
  const DirectoryToKeep kept = directory_to_keep("a", listing);
  {
    SqliteDatabase old = database();
    ASSERT_TRUE(old.run("PRAGMA journal_mode = WAL").has_value());
    ASSERT_TRUE(old.run(kReleased1).has_value());
    ASSERT_TRUE(old.run("PRAGMA application_id = 1650881389; PRAGMA user_version = 1").has_value());
    auto directory = old.prepare("INSERT INTO directories VALUES (1, ?, ?, 1, 0, 7, ?)");
    ASSERT_TRUE(directory.has_value());
    directory->bind(1, std::string_view("/pt"))
        .bind(2, std::string_view("a"))
        .bind(3, std::string_view(kept.state));
    ASSERT_TRUE(directory->finish().has_value());
    auto word = old.prepare("INSERT INTO words VALUES (1, ?, 3, ?)");
    ASSERT_TRUE(word.has_value());
    word->bind(1, static_cast<std::int64_t>(kFirst)).bind(2, std::string_view(kept.words[0].word));
    ASSERT_TRUE(word->finish().has_value());
    auto rows = old.prepare("INSERT INTO listings VALUES (1, ?, ?, ?)");
    ASSERT_TRUE(rows.has_value());
    rows->bind(1, static_cast<std::int64_t>(kFirst))
        .bind(2, static_cast<std::int64_t>(kept.words[0].listing));
    rows->bind(3, std::string_view(*kept.words[0].entries));
    ASSERT_TRUE(rows->finish().has_value());
  }
  MetadataFile now(folder_.path(), 1 << 30);
  ASSERT_EQ(now.open(), MetadataFolder::State::open);
  const auto loaded = now.load(question_of("a"));
  ASSERT_TRUE(loaded.has_value());
  EXPECT_EQ(loaded->words.at(0).listing.size(), 3u);
  EXPECT_FALSE(loaded->maybe_outdated);
  EXPECT_EQ(now.damaged(), 0u);
}

TEST_F(MetadataSchema, WhatIsNewerOrNotOursIsRefused) {
  {
    SqliteDatabase newer = database();
    ASSERT_TRUE(migrate(newer, metadata_steps()).has_value());
    ASSERT_TRUE(newer.run("PRAGMA user_version = 99").has_value());
    EXPECT_EQ(migrate(newer, metadata_steps()).error().kind, ErrorKind::corrupted);
    EXPECT_NE(migrate(newer, metadata_steps()).error().text.find("version 99"), std::string::npos);
  }
  std::filesystem::remove(file());
  SqliteDatabase foreign = database();
  ASSERT_TRUE(foreign.run("CREATE TABLE songs (title TEXT)").has_value());
  EXPECT_EQ(migrate(foreign, metadata_steps()).error().kind, ErrorKind::corrupted);
}

}  // namespace
}  // namespace balancefs::test
