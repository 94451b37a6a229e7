#include "io/disk_format.h"

#include <gtest/gtest.h>

#include "support/ramp_bytes.h"

namespace balancefs::test {
namespace {

const DiskName kName(hash_of_path("pt/film.mkv"), 7);

Validator tag(const std::string& etag) {
  return Validator(etag, std::nullopt);
}

Validator time(std::int64_t seconds) {
  return Validator("", FileTime(std::chrono::seconds(seconds)));
}

DiskHeader header() {
  DiskHeader made;
  made.path = "pt/film.mkv";
  made.size = 5'000'000;
  made.copies.emplace_back("/pt", Validator("\"a\"", FileTime(std::chrono::seconds(-5))));
  made.copies.emplace_back("/pt.balance1", time(77));
  DiskPin pin;
  pin.member = "/pt";
  pin.source = "direct/dav.example.com";
  pin.validator = tag("\"x\"");
  made.pins.push_back(pin);
  made.proven = {"/pt"};
  return made;
}

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text));
}

std::string encoded() {
  return encode_header(header(), kName, header_room(header()));
}

TEST(DiskFormat, NamesAreOursOrNone) {
  const auto data = parse_disk_file_name(kName.data_file());
  ASSERT_TRUE(data);
  EXPECT_EQ(data->name, kName);
  EXPECT_EQ(data->kind, DiskFileKind::data);
  const auto index = parse_disk_file_name(kName.index_file());
  ASSERT_TRUE(index);
  EXPECT_EQ(index->kind, DiskFileKind::index);
  const std::string text = kName.text();
  const std::vector<std::string> foreign = {"",
                                            text,
                                            text + ".dat",
                                            text + ".data.old",
                                            "x" + text + ".data",
                                            text.substr(1) + ".data",
                                            "0123456789ABCDEF-0123456789abcdef.data",
                                            "0x23456789abcdef-0123456789abcdef.data",
                                            "0123456789abcdef_0123456789abcdef.data",
                                            "CACHEDIR.TAG"};
  for (const std::string& name : foreign) {
    EXPECT_FALSE(parse_disk_file_name(name)) << name;
  }
}

TEST(DiskFormat, AHeaderComesBackAsItWas) {
  const std::string text = encoded();
  EXPECT_EQ(text.size() % kDiskPage, 0u);
  EXPECT_EQ(room_of(bytes_of(text)), text.size());
  const auto back = decode_header(bytes_of(text), kName);
  ASSERT_TRUE(back);
  EXPECT_EQ(*back, header());
}

TEST(DiskFormat, NoBitOfAHeaderMayBeOtherwise) {
  const std::string good = encoded();
  std::size_t length = good.find_last_not_of('\0') + 1;
  for (std::size_t at = 0; at < length; ++at) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ (1 << (at % 8)));
    const auto back = decode_header(bytes_of(bad), kName);
    EXPECT_FALSE(back && !(*back == header())) << "another header at byte " << at;
    EXPECT_FALSE(back) << "byte " << at;
  }
}

TEST(DiskFormat, AHeaderThatIsCutShortIsNone) {
  const std::string good = encoded();
  const std::size_t length = good.find_last_not_of('\0') + 1;
  for (std::size_t count = 0; count < length; ++count) {
    EXPECT_FALSE(decode_header(bytes_of(good).first(count), kName)) << count;
  }
}

TEST(DiskFormat, AHeaderOfAnotherEntryIsNone) {
  EXPECT_FALSE(decode_header(bytes_of(encoded()), DiskName(kName.path_hash, 8)));
  EXPECT_FALSE(decode_header(bytes_of(encoded()), DiskName(1, kName.number)));
}

TEST(DiskFormat, AHeaderHasRoomToGrowAndSaysWhenItHasNot) {
  DiskHeader grown = header();
  grown.pins.push_back(grown.pins.front());
  EXPECT_FALSE(encode_header(grown, kName, header_room(header())).empty());
  for (int i = 0; i < 100; ++i) grown.pins.push_back(grown.pins.front());
  EXPECT_TRUE(encode_header(grown, kName, header_room(header())).empty());
}

TEST(DiskFormat, AChecksumFitsOnePlaceOnly) {
  const std::string text = ramp_bytes(0, kUnitBytes);
  const auto unit = bytes_of(text);
  const std::uint64_t sum = unit_sum(kName, 3, unit);
  EXPECT_NE(sum, 0u);
  EXPECT_NE(sum, unit_sum(kName, 4, unit));
  EXPECT_NE(sum, unit_sum(DiskName(kName.path_hash, 8), 3, unit));
  EXPECT_NE(sum, unit_sum(DiskName(1, kName.number), 3, unit));
  EXPECT_NE(sum, unit_sum(kName, 3, unit.first(unit.size() - 1)));
}

struct MatchCase {
  const char* what;
  std::vector<DiskCopy> now;
  DiskMatch expected;
};

TEST(DiskFormat, TheAuthoritySaysWhetherItIsTheSameFile) {
  const DiskCopy same("/pt", Validator("\"a\"", FileTime(std::chrono::seconds(-5))));
  const DiskCopy second("/pt.balance1", time(77));
  const std::vector<MatchCase> cases = {
      {"both as they were", {same, second}, DiskMatch::same},
      {"one kind of validator is enough", {DiskCopy("/pt", tag("\"a\""))}, DiskMatch::same},
      {"another tag", {DiskCopy("/pt", tag("\"b\"")), second}, DiskMatch::other},
      {"the tag decides, not the time", {DiskCopy("/pt", Validator("\"a\"", FileTime()))}, DiskMatch::same},
      {"another time", {DiskCopy("/pt", time(1)), second}, DiskMatch::other},
      {"the second stands in for the first", {second}, DiskMatch::same},
      {"the second has changed", {DiskCopy("/pt.balance1", time(78))}, DiskMatch::other},
      {"a new authority", {DiskCopy("/new", tag("\"a\"")), same}, DiskMatch::unrelated},
      {"nothing to compare", {DiskCopy("/pt.balance1", tag("\"a\""))}, DiskMatch::unrelated},
      {"nobody", {}, DiskMatch::unrelated},
  };
  for (const MatchCase& one : cases) {
    EXPECT_EQ(match_header(header(), "pt/film.mkv", 5'000'000, one.now), one.expected) << one.what;
  }
  EXPECT_EQ(match_header(header(), "pt/film.mkv", 5'000'001, {same}), DiskMatch::other);
  EXPECT_EQ(match_header(header(), "pt/other.mkv", 5'000'000, {same}), DiskMatch::unrelated);
}

}  // namespace
}  // namespace balancefs::test
