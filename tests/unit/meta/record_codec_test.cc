// What goes into the metadata store comes out as it was, or not at all.
#include "meta/record_codec.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "unit/meta/kept_records.h"

namespace balancefs::test {
namespace {

const RecordPlace kPlace("/pt", "a/b", kFirst);

std::string any_name() {
  auto name = *rc::gen::nonEmpty(rc::gen::string<std::string>());
  std::erase(name, '/');
  std::erase(name, '\0');
  return Path::valid_name(name) ? name : "x" + name;
}

ObjectInfo any_info() {
  ObjectInfo info;
  info.type = *rc::gen::element(ObjectType::file, ObjectType::directory);
  info.size_kind = *rc::gen::element(SizeKind::exact, SizeKind::rounded, SizeKind::unknown);
  info.member = 3;
  info.size = *rc::gen::arbitrary<std::uint64_t>();
  info.validator.etag = *rc::gen::string<std::string>();
  if (*rc::gen::arbitrary<bool>()) {
    const auto count = *rc::gen::arbitrary<std::int64_t>();
    const std::int64_t unit = *rc::gen::element<std::int64_t>(1, 1'000'000'000);
    info.validator.modified = FileTime(std::chrono::nanoseconds(count / unit * unit));
  }
  info.checksum = *rc::gen::string<std::string>();
  return info;
}

MemberListing any_listing() {
  std::vector<ListedEntry> rows;
  const auto count = *rc::gen::inRange(0, 20);
  for (int i = 0; i < count; ++i) rows.emplace_back(any_name(), any_info());
  MemberListing listing(std::move(rows));
  std::vector<std::string> names;
  listing.for_each([&](std::string_view name, const ObjectInfo&) { names.emplace_back(name); });
  for (const std::string& name : names) {
    if (*rc::gen::arbitrary<bool>()) continue;
    const Duration age = std::chrono::seconds(*rc::gen::inRange(0, 100'000));
    listing.note_stat(name, clocks().now() - age, any_info());
  }
  return listing;
}

void expect_same(const MemberListing& left, const MemberListing& right) {
  RC_ASSERT(left.size() == right.size());
  RC_ASSERT(left.note_count() == right.note_count());
  left.for_each([&](std::string_view name, const ObjectInfo& info) {
    RC_ASSERT(right.find(name).has_value());
    RC_ASSERT(*right.find(name) == info);
    RC_ASSERT(*right.listed(name) == *left.listed(name));
  });
  left.for_each_note([&](std::string_view name, const StatNote& note) {
    RC_ASSERT(right.note(name) != nullptr);
    RC_ASSERT(right.note(name)->at == note.at);
    RC_ASSERT(right.note(name)->size == note.size);
    RC_ASSERT(right.note(name)->size_kind == note.size_kind);
    RC_ASSERT(right.note(name)->gives_size == note.gives_size);
    RC_ASSERT(right.note(name)->validator == note.validator);
  });
}

RC_GTEST_PROP(RecordCodec, AListingComesBackAsItWas, ()) {
  const MemberListing listing = any_listing();
  const auto back = decode_listing(encode_listing(listing, clocks(), kPlace), 3, clocks(), kPlace);
  RC_ASSERT(back.has_value());
  expect_same(listing, *back);
}

RC_GTEST_PROP(RecordCodec, AListingThatWasChangedAnywhereIsNone, ()) {
  const std::string record = encode_listing(any_listing(), clocks(), kPlace);
  std::string other = record;
  const auto at = *rc::gen::inRange<std::size_t>(0, other.size());
  other[at] = static_cast<char>(other[at] ^ (1 << *rc::gen::inRange(0, 8)));
  RC_ASSERT(!decode_listing(other, 3, clocks(), kPlace).has_value());
  RC_ASSERT(!decode_listing(record.substr(0, at), 3, clocks(), kPlace).has_value());
  RC_ASSERT(!decode_listing(record + "x", 3, clocks(), kPlace).has_value());
}

RC_GTEST_PROP(RecordCodec, WordsAndStatesComeBackAsTheyWere, ()) {
  WordRecord word;
  word.listed = *rc::gen::arbitrary<bool>();
  word.unproven = *rc::gen::arbitrary<bool>();
  word.answered_at = FileTime(std::chrono::nanoseconds(*rc::gen::arbitrary<std::int64_t>()));
  if (*rc::gen::arbitrary<bool>())
    word.doubted_since = FileTime(std::chrono::nanoseconds(*rc::gen::arbitrary<std::int64_t>()));
  word.listing = *rc::gen::arbitrary<std::uint64_t>();
  RC_ASSERT(decode_word(encode_word(word, kPlace), kPlace) == word);
  StateRecord state;
  if (*rc::gen::arbitrary<bool>())
    state.fresh_from = FileTime(std::chrono::nanoseconds(*rc::gen::arbitrary<std::int64_t>()));
  state.changed = *rc::gen::container<decltype(state.changed)>(
      rc::gen::pair(rc::gen::string<std::string>(), rc::gen::arbitrary<std::vector<MemberKey>>()));
  RC_ASSERT(decode_state(encode_state(state, kPlace), kPlace) == state);
}

RC_GTEST_PROP(RecordCodec, SenselessBytesAreNoRecordAndHurtNobody, ()) {
  const auto bytes = *rc::gen::string<std::string>();
  RC_ASSERT(!decode_listing(bytes, 0, clocks(), kPlace).has_value());
  RC_ASSERT(!decode_word(bytes, kPlace).has_value());
  RC_ASSERT(!decode_state(bytes, kPlace).has_value());
}

TEST(RecordCodec, ARecordIsOneOnlyInItsOwnPlace) {
  const std::string listing = encode_listing(kept_listing(3), clocks(), kPlace);
  WordRecord word;
  word.listed = true;
  const std::string said = encode_word(word, kPlace);
  const std::vector<RecordPlace> others = {
      RecordPlace("/pt", "a/c", kFirst), RecordPlace("/p", "a/b", kFirst), RecordPlace("/pt", "a/b", kSecond),
      RecordPlace("/pt", "", kFirst)};
  for (const RecordPlace& other : others) {
    EXPECT_FALSE(decode_listing(listing, 0, clocks(), other).has_value());
    EXPECT_FALSE(decode_word(said, other).has_value());
  }
  EXPECT_FALSE(decode_word(listing, kPlace).has_value()) << "nor is one kind another";
}

TEST(RecordCodec, AStorageThatIsPointedElsewhereIsAnotherMember) {
  const MemberKey known = member_key("/pt", "webdav", "https://a/dav", "alice");
  EXPECT_EQ(known, member_key("/pt", "webdav", "https://a/dav", "alice"));
  EXPECT_NE(known, member_key("/pt.balance1", "webdav", "https://a/dav", "alice"));
  EXPECT_NE(known, member_key("/pt", "http", "https://a/dav", "alice"));
  EXPECT_NE(known, member_key("/pt", "webdav", "https://a/dav2", "alice"));
  EXPECT_NE(known, member_key("/pt", "webdav", "https://a/dav", "bob"));
  EXPECT_NE(member_key("/pt", "webdav", "https://a", "b"), member_key("/pt", "webdav", "https://ab", ""));
}

// A hundred bytes a name in the file is what the bound of its size is reckoned with.
TEST(RecordCodec, ARowTakesLittleMoreThanItsTexts) {
  const MemberListing listing = kept_listing(1000);
  EXPECT_LT(encode_listing(listing, clocks(), kPlace).size(), 1000 * (std::string("n999\"e\"").size() + 15));
}

TEST(WallTimes, AgesGoOnByTheWallClock) {
  const WallTimes before(TimePoint(std::chrono::hours(7)), FileTime(std::chrono::hours(500'000)));
  const FileTime kept = before.wall(before.now() - std::chrono::minutes(3));
  const WallTimes after(TimePoint(std::chrono::hours(1)), FileTime(std::chrono::hours(500'001)));
  EXPECT_EQ(after.steady(kept), after.now() - std::chrono::minutes(63));
  const WallTimes backward(TimePoint(std::chrono::hours(1)), FileTime(std::chrono::hours(499'000)));
  EXPECT_EQ(backward.steady(kept), std::nullopt);
  EXPECT_TRUE(after.steady(FileTime::min()).has_value()) << "and no age overflows";
}

}  // namespace
}  // namespace balancefs::test
