// What is kept of a directory as bytes, and back: nothing that was not written comes back. Pure.
//
// A directory has one state, one word per member, and for a member that lists it the listing. Each of these
// records ends in a checksum that is seeded with whose record it is, so that bytes that were changed, cut off
// or moved to another place are no record. A word names its listing by that listing's checksum.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "meta/listing.h"
#include "meta/wall_times.h"

namespace balancefs {

/// Which member, by what it is and not by its place in the group: a hash (member_key).
using MemberKey = std::uint64_t;

/// Of a storage's mount path, type, address and user: one that was pointed elsewhere is another member.
MemberKey member_key(std::string_view mount_path, std::string_view type, std::string_view address,
                     std::string_view user);

/// Whose record it is.
struct RecordPlace {
  std::string_view group;  ///< its visible path
  std::string_view path;   ///< of the directory, inside the group
  MemberKey member = 0;    ///< 0: the directory's state

  RecordPlace(std::string_view whose, std::string_view where, MemberKey who = 0)
      : group(whose), path(where), member(who) {}
};

struct WordRecord {
  bool listed = false;    ///< else it said that the directory is not there
  bool unproven = false;  ///< see MemberWord
  FileTime answered_at;
  std::optional<FileTime> doubted_since;
  std::uint64_t listing = 0;  ///< checksum of the listing; 0 where there is none

  WordRecord() = default;
  bool operator==(const WordRecord&) const = default;
};

struct StateRecord {
  std::optional<FileTime> fresh_from;
  /// Names whose validator changed while the size stayed, and at whom (merge.h, ChangedCopies).
  std::vector<std::pair<std::string, std::vector<MemberKey>>> changed;

  StateRecord() = default;
  bool operator==(const StateRecord&) const = default;
};

std::string encode_word(const WordRecord& word, const RecordPlace& place);
std::optional<WordRecord> decode_word(std::string_view bytes, const RecordPlace& place);

std::string encode_state(const StateRecord& state, const RecordPlace& place);
std::optional<StateRecord> decode_state(std::string_view bytes, const RecordPlace& place);

std::string encode_listing(const MemberListing& listing, const WallTimes& times, const RecordPlace& place);
/// `member`: the member's index in its group now.
std::optional<MemberListing> decode_listing(std::string_view bytes, MemberIndex member,
                                            const WallTimes& times, const RecordPlace& place);
/// The checksum that a record ends in; 0 where it is too short for one.
std::uint64_t record_sum(std::string_view bytes);

}  // namespace balancefs
