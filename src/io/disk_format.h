// What the disk cache writes, as pure functions: names, the index's header, checksums, and whether what a
// header describes is the file of today.
//
// One entry is one version of one visible file in two files: NAME.data, sparse, with the bytes at their own
// offsets, and NAME.index, a header and one checksum for each unit (0: not there). A checksum is seeded with
// the entry's name and the unit's number, so that a block at the wrong place, or of another version, is no
// block. Nothing here is trusted when it is read back: every length is checked. Any thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "balancefs/object.h"
#include "io/frame_memory.h"

namespace balancefs {

/// What goes and stays together when room is needed: large enough for few bookkeeping steps, small enough
/// that a film larger than the cache is kept in part. Its checksums are one page of the index.
inline constexpr std::uint64_t kSegmentBytes = 16ull * 1024 * 1024;
inline constexpr std::uint64_t kUnitsPerSegment = kSegmentBytes / kUnitBytes;
inline constexpr std::uint64_t kDiskPage = 4096;
/// Beyond it a file is not kept: its index alone would be 256 MiB.
inline constexpr std::uint64_t kLargestDiskFile = 1ull << 40;

using UnitSums = std::array<std::uint64_t, kUnitsPerSegment>;

/// Of an entry: the hash of the visible path, and a number of its own.
struct DiskName {
  std::uint64_t path_hash = 0;
  std::uint64_t number = 0;

  DiskName() = default;
  DiskName(std::uint64_t hash, std::uint64_t own) : path_hash(hash), number(own) {}
  bool operator==(const DiskName&) const = default;
  auto operator<=>(const DiskName&) const = default;
  /// "0123456789abcdef-0123456789abcdef"
  std::string text() const;
  std::string data_file() const { return text() + ".data"; }
  std::string index_file() const { return text() + ".index"; }
};

enum class DiskFileKind : std::uint8_t { data, index };
struct DiskFileName {
  DiskName name;
  DiskFileKind kind = DiskFileKind::data;
  DiskFileName() = default;
};
/// Absent: not a name that we give.
std::optional<DiskFileName> parse_disk_file_name(std::string_view text);

std::uint64_t hash_of_path(std::string_view visible_path);
/// Of the unit with that number; never 0.
std::uint64_t unit_sum(const DiskName& name, std::uint64_t unit, std::span<const std::byte> bytes);

/// A member's copy as its listing showed it.
struct DiskCopy {
  std::string member;  ///< by name: indexes change with the configuration
  Validator validator;

  DiskCopy() = default;
  DiskCopy(std::string name, Validator seen) : member(std::move(name)), validator(std::move(seen)) {}
  bool operator==(const DiskCopy&) const = default;
};

/// What the first data answer of a member's source gave.
struct DiskPin {
  std::string member;
  std::string source;  ///< without the member: "direct/host"
  Validator validator;

  DiskPin() = default;
  bool operator==(const DiskPin&) const = default;
};

/// Which bytes an entry holds: the version, as far as it outlives a process.
struct DiskHeader {
  std::string path;  ///< visible
  std::uint64_t size = 0;
  std::vector<DiskCopy> copies;     ///< who held it, the authority first
  std::vector<DiskPin> pins;        ///< by data source
  std::vector<std::string> proven;  ///< members whose bytes these are, or that showed the same

  DiskHeader() = default;
  bool operator==(const DiskHeader&) const = default;
};

/// How many bytes of the index the header takes from the start on: whole pages, with room to grow.
std::uint64_t header_room(const DiskHeader& header);
/// Exactly `room` bytes; empty when the header does not fit.
std::string encode_header(const DiskHeader& header, const DiskName& name, std::uint64_t room);
/// The room that the first page of an index speaks of; absent when it is no index of ours.
std::optional<std::uint64_t> room_of(std::span<const std::byte> first_page);
/// Absent: broken, or of another entry.
std::optional<DiskHeader> decode_header(std::span<const std::byte> bytes, const DiskName& name);

/// Where the checksums of a segment stand in an index, and how long an index is.
constexpr std::uint64_t sums_offset(std::uint64_t room, std::uint64_t segment) {
  return room + segment * sizeof(UnitSums);
}
constexpr std::uint64_t segment_count(std::uint64_t size) {
  return (size + kSegmentBytes - 1) / kSegmentBytes;
}
constexpr std::uint64_t index_bytes(std::uint64_t room, std::uint64_t size) {
  return sums_offset(room, segment_count(size));
}

/// What an entry's header is to a file as it is listed now.
enum class DiskMatch : std::uint8_t {
  same,       ///< the authority shows the state that it showed then
  other,      ///< it shows another one: the entry is garbage
  unrelated,  ///< another path, or nothing to compare: the authority is new
};
/// `copies`: who holds it now, the authority first.
DiskMatch match_header(const DiskHeader& header, std::string_view path, std::uint64_t size,
                       const std::vector<DiskCopy>& copies);
/// Whether both say something of the same kind, and the same.
bool confirms(const Validator& one, const Validator& other);

}  // namespace balancefs
