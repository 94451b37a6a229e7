// Directories as the metadata store is given them, made from a few words.
#pragma once

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "meta/metadata_file.h"

namespace balancefs::test {

inline constexpr MemberKey kFirst = 0xF1;
inline constexpr MemberKey kSecond = 0xF2;

/// A moment on both clocks, with room before it.
inline WallTimes clocks() {
  return WallTimes(TimePoint(std::chrono::hours(1000)), FileTime(std::chrono::hours(500'000)));
}

inline ObjectInfo kept_file(std::uint64_t size, const std::string& etag = "\"e\"") {
  ObjectInfo info;
  info.size = size;
  info.validator = Validator(etag, FileTime(std::chrono::seconds(1'700'000'000)));
  return info;
}

/// Files "n0", "n1", ... whose sizes are `size` and up.
inline MemberListing kept_listing(std::size_t names, std::uint64_t size = 1) {
  std::vector<ListedEntry> rows;
  for (std::size_t i = 0; i < names; ++i) rows.emplace_back("n" + std::to_string(i), kept_file(size + i));
  return MemberListing(std::move(rows));
}

/// `listing` null: that member says that the directory is not there.
inline WordToKeep word_to_keep(const std::string& path, MemberKey member, const MemberListing* listing,
                               TimePoint at = clocks().now()) {
  const RecordPlace place("/pt", path, member);
  WordRecord record;
  record.listed = listing != nullptr;
  record.answered_at = clocks().wall(at);
  WordToKeep word;
  word.member = member;
  if (listing != nullptr) {
    word.entries = encode_listing(*listing, clocks(), place);
    word.names = listing->size();
    record.listing = word.listing = record_sum(*word.entries);
  }
  word.word = encode_word(record, place);
  return word;
}

/// A directory of one member, fresh.
inline DirectoryToKeep directory_to_keep(const std::string& path, const MemberListing& listing,
                                         std::int64_t answered = 1) {
  DirectoryToKeep kept;
  kept.group = "/pt";
  kept.path = path;
  kept.answered = answered;
  StateRecord state;
  state.fresh_from = clocks().wall(clocks().now());
  kept.state = encode_state(state, RecordPlace(kept.group, kept.path));
  kept.words.push_back(word_to_keep(path, kFirst, &listing));
  return kept;
}

inline DirectoryQuestion question_of(const std::string& path) {
  return DirectoryQuestion("/pt", path, {kFirst, kSecond}, clocks());
}

inline std::string bytes_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

inline void write_bytes(const std::filesystem::path& file, const std::string& bytes) {
  std::ofstream(file, std::ios::binary | std::ios::trunc) << bytes;
}

}  // namespace balancefs::test
