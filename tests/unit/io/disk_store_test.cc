#include "io/disk_store.h"

#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>

#include "support/ramp_bytes.h"
#include "support/temp_folder.h"

namespace balancefs::test {
namespace {

constexpr std::uint64_t kSize = 2 * kSegmentBytes + 3 * kUnitBytes + 1000;

class DiskStoreTest : public testing::Test {
 protected:
  DiskStoreTest() {
    const OpenedFolder opened = open_disk_folder(scratch.path("cache"));
    EXPECT_EQ(opened.state, OpenedFolder::State::open) << opened.why;
    folder = opened.folder;
    header.path = "pt/a";
    header.size = kSize;
    header.copies.emplace_back("/pt", Validator("\"a\"", std::nullopt));
  }

  EntryWrite entry(bool create) const {
    EntryWrite what;
    what.name = name;
    what.size = kSize;
    what.header_room = room;
    what.create = create;
    if (create) what.header = encode_header(header, name, room);
    return what;
  }
  /// Units from `offset` on, cut at the end of the file.
  Result<Written> write(std::uint64_t offset, std::uint64_t count, bool create = false) {
    const std::string text = ramp_bytes(offset, std::min(count, kSize - offset));
    EntryWrite what = entry(create);
    what.runs.emplace_back(offset, std::as_bytes(std::span(text)));
    return write_units(*folder, what);
  }
  std::vector<std::uint64_t> sums_at(std::uint64_t offset, std::uint64_t count) const {
    std::vector<std::uint64_t> sums;
    for (std::uint64_t at = offset; at < std::min(offset + count, kSize); at += kUnitBytes) {
      const std::string unit = ramp_bytes(at, std::min(kUnitBytes, kSize - at));
      sums.push_back(unit_sum(name, at / kUnitBytes, std::as_bytes(std::span(unit))));
    }
    return sums;
  }
  /// How many bytes are right.
  Result<std::uint64_t> read(std::uint64_t offset, std::uint64_t count) {
    buffer.assign(round_up(count, kDiskPage), std::byte{0});
    const ByteRange units(offset, std::min(count, kSize - offset));
    return read_units(*folder, name, units, buffer, sums_at(offset, count));
  }
  std::string file(bool data) const {
    return scratch.path("cache/" + (data ? name.data_file() : name.index_file()));
  }
  void flip(bool data, std::uint64_t at) const {
    std::fstream stream(file(data), std::ios::in | std::ios::out | std::ios::binary);
    stream.seekg(static_cast<std::streamoff>(at));
    const int byte = stream.get();
    stream.seekp(static_cast<std::streamoff>(at));
    stream.put(static_cast<char>(byte ^ 16));
  }

  TempFolder scratch;
  std::shared_ptr<const DiskFolder> folder;
  DiskName name{hash_of_path("pt/a"), 99};
  DiskHeader header;
  std::uint64_t room = kDiskPage;
  std::vector<std::byte> buffer;
};

TEST_F(DiskStoreTest, WhatWasWrittenComesBack) {
  const auto written = write(kUnitBytes, 2 * kUnitBytes, true);
  ASSERT_TRUE(written) << written.error().text;
  EXPECT_EQ(written->sums, sums_at(kUnitBytes, 2 * kUnitBytes));
  EXPECT_LE(written->bytes, 2 * kUnitBytes + 4 * kDiskPage) << "the file is sparse";
  ASSERT_TRUE(write(kSize / kUnitBytes * kUnitBytes, kUnitBytes)) << "the last unit is short";

  const auto loaded = load_entry(*folder, name);
  ASSERT_TRUE(loaded) << loaded.error().text;
  EXPECT_EQ(loaded->header, header);
  EXPECT_EQ(loaded->header_room, room);
  ASSERT_EQ(loaded->segments.size(), 2u);
  EXPECT_EQ(loaded->segments[0].first, 0u);
  EXPECT_EQ(loaded->segments[0].second[0], 0u);
  EXPECT_EQ(loaded->segments[0].second[1], written->sums[0]);
  EXPECT_EQ(loaded->segments[1].first, 2u);
  EXPECT_NE(loaded->segments[1].second[3], 0u);

  EXPECT_EQ(read(kUnitBytes, 2 * kUnitBytes), 2 * kUnitBytes);
  EXPECT_TRUE(is_ramp(std::span(buffer).first(2 * kUnitBytes), kUnitBytes));
  EXPECT_EQ(read(kSize / kUnitBytes * kUnitBytes, kUnitBytes), 1000u);
}

TEST_F(DiskStoreTest, AFlippedBitEndsWhatIsRight) {
  ASSERT_TRUE(write(0, 4 * kUnitBytes, true));
  flip(true, 2 * kUnitBytes + 17);
  EXPECT_EQ(read(0, 4 * kUnitBytes), 2 * kUnitBytes);
  EXPECT_EQ(read(2 * kUnitBytes, kUnitBytes), 0u);
  EXPECT_EQ(read(3 * kUnitBytes, kUnitBytes), kUnitBytes);
}

TEST_F(DiskStoreTest, ABlockAtAnotherPlaceIsNone) {
  ASSERT_TRUE(write(0, 2 * kUnitBytes, true));
  std::string content(kUnitBytes, '\0');
  std::fstream stream(file(true), std::ios::in | std::ios::out | std::ios::binary);
  stream.read(content.data(), static_cast<std::streamsize>(kUnitBytes));
  stream.seekp(static_cast<std::streamoff>(kUnitBytes));
  stream.write(content.data(), static_cast<std::streamsize>(kUnitBytes));
  stream.close();
  EXPECT_EQ(read(0, 2 * kUnitBytes), kUnitBytes);
}

TEST_F(DiskStoreTest, ADamagedHeaderOrAFileCutShortIsNoEntry) {
  ASSERT_TRUE(write(0, kUnitBytes, true));
  std::filesystem::copy_file(file(false), scratch.path("good"));
  flip(false, 40);
  EXPECT_EQ(load_entry(*folder, name).error().kind, ErrorKind::corrupted);
  std::filesystem::copy_file(scratch.path("good"), file(false),
                             std::filesystem::copy_options::overwrite_existing);
  ASSERT_TRUE(load_entry(*folder, name));
  std::filesystem::resize_file(file(false), kDiskPage + 100);
  EXPECT_EQ(load_entry(*folder, name).error().kind, ErrorKind::corrupted);
  std::filesystem::copy_file(scratch.path("good"), file(false),
                             std::filesystem::copy_options::overwrite_existing);
  std::filesystem::resize_file(file(true), kSize - 1);
  EXPECT_EQ(load_entry(*folder, name).error().kind, ErrorKind::corrupted);
  std::filesystem::resize_file(file(true), 0);
  EXPECT_EQ(read(0, kUnitBytes), 0u);
}

TEST_F(DiskStoreTest, WhatIsNoFileIsNoEntry) {
  EXPECT_EQ(load_entry(*folder, name).error().kind, ErrorKind::not_found);
  EXPECT_EQ(write(0, kUnitBytes).error().kind, ErrorKind::not_found);
  std::filesystem::create_directory(file(true));
  std::filesystem::create_symlink("/etc/passwd", file(false));
  EXPECT_FALSE(load_entry(*folder, name));
  EXPECT_FALSE(write(0, kUnitBytes));
  EXPECT_FALSE(write(0, kUnitBytes, true)) << "somebody has the name";
}

TEST_F(DiskStoreTest, ASegmentThatGoesGivesItsRoomBack) {
  ASSERT_TRUE(write(0, 64 * kUnitBytes, true));
  ASSERT_TRUE(write(kSegmentBytes, 64 * kUnitBytes));
  const auto before = load_entry(*folder, name);
  ASSERT_TRUE(before);
  const auto freed = drop_segment(*folder, name, room, 0);
  ASSERT_TRUE(freed) << freed.error().text;
  EXPECT_LE(freed->bytes + 64 * kUnitBytes, before->bytes);
  const auto after = load_entry(*folder, name);
  ASSERT_TRUE(after);
  ASSERT_EQ(after->segments.size(), 1u);
  EXPECT_EQ(after->segments[0].first, 1u);
  EXPECT_EQ(read(kSegmentBytes, 64 * kUnitBytes), 64 * kUnitBytes);
}

TEST_F(DiskStoreTest, ARemovedEntryLeavesNothing) {
  ASSERT_TRUE(write(0, kUnitBytes, true));
  ASSERT_TRUE(remove_entry(*folder, name));
  EXPECT_FALSE(std::filesystem::exists(file(true)));
  EXPECT_FALSE(std::filesystem::exists(file(false)));
  EXPECT_TRUE(remove_entry(*folder, name)) << "removing it again is no failure";
}

TEST_F(DiskStoreTest, ANewHeaderTakesThePlaceOfTheOld) {
  ASSERT_TRUE(write(0, kUnitBytes, true));
  header.proven = {"/pt"};
  EntryWrite what = entry(false);
  what.header = encode_header(header, name, room);
  ASSERT_TRUE(write_units(*folder, what));
  const auto loaded = load_entry(*folder, name);
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->header.proven.size(), 1u);
  EXPECT_EQ(loaded->segments.size(), 1u) << "the blocks stay";
}

}  // namespace
}  // namespace balancefs::test
