// What goes to the metadata store's thread and comes back from it. Plain values, owned by whoever holds them;
// listings are shared with the loop, where they end (listing.h).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "meta/merge.h"
#include "meta/record_codec.h"

namespace balancefs {

/// One member's word about one directory, to be written.
struct WordToKeep {
  MemberKey member = 0;
  WordRecord said;
  std::optional<MemberListing> to_encode;  ///< absent: the listing's record is there already, or it has none
  std::size_t names = 0;

  // Made by encode_words().
  std::uint64_t listing = 0;           ///< checksum of its listing; 0: it has none
  std::string word;                    ///< the record
  std::optional<std::string> entries;  ///< the listing's record; absent: it is there already

  WordToKeep() = default;
};

/// One directory, to be written.
struct DirectoryToKeep {
  std::string group;
  std::string path;
  std::int64_t answered = 0;  ///< wall clock, seconds: when the youngest of its words came
  std::string state;          ///< the record
  std::vector<WordToKeep> words;

  DirectoryToKeep() = default;
  /// Memory that it holds before its words are encoded.
  std::size_t bytes() const {
    std::size_t sum = group.size() + path.size() + state.size();
    for (const WordToKeep& word : words) sum += sizeof word + (word.to_encode ? word.to_encode->bytes() : 0);
    return sum;
  }
};

/// Makes the records of its words, which takes as long as its listings are: for the store's thread.
void encode_words(DirectoryToKeep& directory, const WallTimes& times);

/// What was said of a directory since it was written.
enum class DirectoryExpiry : std::uint8_t {
  none = 0,
  expired = 1,    ///< the next use asks again first
  refreshed = 2,  ///< and the members' next success is believed, however empty
};

struct DirectoryQuestion {
  std::string group;
  std::string path;
  std::vector<MemberKey> members;  ///< by index
  WallTimes times;
  /// Some later state of some directory was not written: nothing that was proves absence.
  bool incomplete = false;

  DirectoryQuestion(std::string whose, std::string where, std::vector<MemberKey> who, WallTimes clocks)
      : group(std::move(whose)), path(std::move(where)), members(std::move(who)), times(clocks) {}
};

struct KeptWord {
  MemberIndex member = 0;
  WordRecord word;
  MemberListing listing;

  KeptWord() = default;
};

/// A directory as it was kept; only members that were asked for.
struct KeptDirectory {
  std::optional<FileTime> fresh_from;
  /// Written by an earlier run, which may have known nothing of some of these members.
  bool of_earlier_run = false;
  /// It may have been younger when the run that wrote it ended: it proves no absence.
  bool maybe_outdated = false;
  DirectoryExpiry expiry = DirectoryExpiry::none;
  ChangedCopies changed;
  std::vector<KeptWord> words;

  KeptDirectory() = default;
};

/// How much is kept.
struct KeptAmount {
  std::uint64_t directories = 0;
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;  ///< of the file, in use

  KeptAmount() = default;
};

}  // namespace balancefs
