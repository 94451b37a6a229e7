// Packed listings against the plain maps that they stand for, and what they take.
#include "meta/listing.h"

#include <gtest/gtest.h>

#include "unit/meta/any_rows.h"

namespace balancefs::test {
namespace {

using namespace std::chrono_literals;
using Plain = std::map<std::string, ObjectInfo>;

Plain plain(const std::vector<ListedEntry>& rows) {
  Plain map;
  for (const ListedEntry& row : rows) map.try_emplace(row.name, row.info);
  return map;
}

ListedEntry file(std::string name, std::uint64_t size, std::string etag = "\"1\"") {
  ObjectInfo info;
  info.size = size;
  info.validator.etag = std::move(etag);
  return ListedEntry(std::move(name), info);
}

ObjectInfo stat_of(std::uint64_t size) {
  ObjectInfo info;
  info.size = size;
  info.validator.etag = "\"stat\"";
  return info;
}

RC_GTEST_PROP(MemberListingProperty, HoldsWhatAMapWouldHold, ()) {
  const auto rows = any_rows(2);
  const Plain expected = plain(rows);
  const MemberListing listing(rows);
  RC_ASSERT(listing.size() == expected.size());
  auto next = expected.begin();
  listing.for_each([&](std::string_view name, const ObjectInfo& info) {
    RC_ASSERT(name == next->first);
    RC_ASSERT(info == next->second);
    ++next;
  });
  RC_ASSERT(next == expected.end());
  for (const auto& [name, info] : expected) RC_ASSERT(listing.find(name) == info);
  for (const ListedEntry& other : any_rows(2)) {
    RC_ASSERT(listing.find(other.name).has_value() == expected.contains(other.name));
  }
}

RC_GTEST_PROP(MemberListingProperty, IsTheSameWhateverTheOrderOfItsRows, ()) {
  const auto rows = any_rows(0);
  RC_ASSERT(changed_rows(MemberListing(rows), MemberListing(reordered(rows))).empty());
}

RC_GTEST_PROP(MemberListingProperty, SeekFindsTheFirstNameThatDoesNotComeBefore, ()) {
  const MemberListing listing(any_rows(0));
  const auto from = *rc::gen::inRange<RowIndex>(0, listing.size() + 1);
  const std::string wanted = any_name();
  RowIndex expected = from;
  while (expected < listing.size() && listing.name(expected) < wanted) ++expected;
  RC_ASSERT(listing.seek(from, wanted) == expected);
}

RC_GTEST_PROP(MemberListingProperty, ChangesAreWhatAComparisonOfMapsFinds, ()) {
  const auto old_rows = any_rows(0);
  auto new_rows = *rc::gen::arbitrary<bool>() ? any_rows(0) : old_rows;
  if (!new_rows.empty()) new_rows.pop_back();
  const Plain before = plain(old_rows), after = plain(new_rows);
  std::set<std::string> expected;
  for (const auto& [name, info] : before) {
    if (!after.contains(name) || after.at(name) != info) expected.insert(name);
  }
  for (const auto& [name, info] : after) {
    if (!before.contains(name)) expected.insert(name);
  }
  const MemberListing was(old_rows), is(new_rows);
  std::vector<std::string> names;
  for (const RowChange& change : changed_rows(was, is)) {
    const bool gone = change.after == kNoRow;
    names.emplace_back(gone ? was.name(change.before) : is.name(change.after));
    RC_ASSERT((change.before != kNoRow) == before.contains(names.back()));
    RC_ASSERT((change.after != kNoRow) == after.contains(names.back()));
  }
  RC_ASSERT(names == std::vector<std::string>(expected.begin(), expected.end()));
}

TEST(MemberListing, AStatGivesTheSizeAndLeavesTheListingsWord) {
  MemberListing listing({file("a", 100), file("b", 200)});
  listing.note_stat("b", TimePoint(5s), stat_of(234));
  listing.note_stat("nothing", TimePoint(5s), stat_of(1));
  EXPECT_EQ(listing.find("b")->size, 234u);
  EXPECT_EQ(listing.find("b")->validator.etag, "\"1\"");
  EXPECT_EQ(listing.listed("b")->size, 200u);
  ASSERT_NE(listing.note("b"), nullptr);
  EXPECT_EQ(listing.note("b")->at, TimePoint(5s));
  EXPECT_EQ(listing.note("b")->validator.etag, "\"stat\"");
  EXPECT_EQ(listing.note("a"), nullptr);
  EXPECT_EQ(changed_rows(MemberListing({file("a", 100), file("b", 200)}), listing).size(), 1u);
}

TEST(MemberListing, ACopyDoesNotSeeWhatIsNotedLater) {
  MemberListing listing({file("a", 100)});
  listing.note_stat("a", TimePoint(), stat_of(101));
  const MemberListing copy = listing;
  listing.note_stat("a", TimePoint(), stat_of(102));
  EXPECT_EQ(copy.find("a")->size, 101u);
  EXPECT_EQ(listing.find("a")->size, 102u);
}

TEST(MemberListing, NotesStayWithRowsThatAreListedAsBefore) {
  ListedEntry rounded = file("rounded", 1'000'000);
  rounded.info.size_kind = SizeKind::rounded;
  MemberListing older({file("exact", 1), file("changed", 1), file("no word", 1, ""), rounded});
  for (const char* name : {"exact", "changed", "no word"}) older.note_stat(name, TimePoint(), stat_of(7));
  older.note_stat("rounded", TimePoint(), stat_of(1'000'321));
  MemberListing newer(
      {file("another", 1), file("exact", 1), file("changed", 1, "\"2\""), file("no word", 1, ""), rounded});
  newer.inherit_notes(older);
  EXPECT_NE(newer.note("exact"), nullptr);
  EXPECT_EQ(newer.find("exact")->size, 1u) << "what the listing knows exactly, it says itself";
  EXPECT_EQ(newer.find("rounded")->size, 1'000'321u);
  EXPECT_EQ(newer.find("rounded")->size_kind, SizeKind::exact);
  EXPECT_EQ(newer.note("changed"), nullptr);
  EXPECT_EQ(newer.note("no word"), nullptr);
}

TEST(MemberListing, AStatsChecksumsStandBesideTheListings) {
  const std::string sha1 = "sha1:" + std::string(40, 'a'), md5 = "md5:" + std::string(32, 'b');
  ListedEntry listed = file("a", 100);
  listed.info.checksum = md5;
  MemberListing listing({listed, file("b", 100)});
  ObjectInfo told = stat_of(100);
  told.checksum = sha1;
  listing.note_stat("a", TimePoint(), told, true);
  listing.note_stat("b", TimePoint(), told, true);
  EXPECT_EQ(listing.find("a")->checksum, sha1 + " " + md5);
  EXPECT_EQ(listing.find("b")->checksum, sha1);
  EXPECT_EQ(listing.listed("a")->checksum, md5);
  listing.note_stat("b", TimePoint(), stat_of(100));
  EXPECT_EQ(listing.find("b")->checksum, sha1) << "nobody asked for them, and the file is as it was";
  EXPECT_TRUE(listing.note("b")->asked_checksums);
  ObjectInfo changed = stat_of(100);
  changed.validator.etag = "\"changed\"";
  listing.note_stat("b", TimePoint(), changed);
  EXPECT_EQ(listing.find("b")->checksum, "");
  EXPECT_FALSE(listing.note("b")->asked_checksums);
}

/// Rows as a WebDAV server sends them: names of 40 bytes, ETags of 30, times; in no order.
std::vector<ListedEntry> realistic_rows(int count) {
  std::vector<ListedEntry> rows;
  for (int i = 0; i < count; ++i) {
    const std::string number = std::to_string(1'000'000 + i * 7'919LL % count);
    ListedEntry row = file("Holiday pictures of 2026, number " + number, 5'000'000 + i,
                           "\"9b1f-" + number + "-5e1c02aa4b1c8f2\"");
    row.info.validator.modified = FileTime(std::chrono::seconds(1'700'000'000 + i));
    rows.push_back(std::move(row));
  }
  return rows;
}

TEST(MemberListing, ARowTakesFortyBytesAndItsText) {
  const auto rows = realistic_rows(10'000);
  ASSERT_EQ(rows.front().name.size(), 40u);
  ASSERT_EQ(rows.front().info.validator.etag.size(), 30u);
  const MemberListing listing(rows);
  EXPECT_LE(listing.bytes(), 10'000u * (40 + 40 + 30) + 200);
}

TEST(MemberListing, RowsWithoutValidatorsCostNothingForThem) {
  std::vector<ListedEntry> rows;
  for (int i = 0; i < 1'000; ++i) rows.push_back(file(std::to_string(10'000 + i), 1, ""));
  EXPECT_LE(MemberListing(rows).bytes(), 1'000u * (40 + 5) + 200);
}

TEST(MemberListing, ARowThatAStatMadeExactStaysBelowTwoHundredBytesToo) {
  std::vector<ListedEntry> rows = realistic_rows(1'000);
  for (ListedEntry& row : rows) row.info.validator.etag.clear();  // index pages give none
  MemberListing listing(rows);
  for (const ListedEntry& row : rows) listing.note_stat(row.name, TimePoint(), stat_of(5'000'321));
  EXPECT_GT(listing.bytes(), 1'000u * (40 + 40));
  EXPECT_LE(listing.bytes(), 1'000u * (200 + 40));
}

}  // namespace
}  // namespace balancefs::test
