// What a comparison of a group's members finds, and who is told. Plain values; loop thread.
#pragma once

#include <array>
#include <cstdint>
#include <numeric>
#include <vector>

#include "balancefs/object.h"

namespace balancefs {

enum class DifferenceKind : std::uint8_t {
  missing,   ///< listings that are known lack the name
  type,      ///< a folder here, a file there
  size,      ///< exact sizes
  checksum,  ///< of one kind; under the identity rule "checksum" also where they cannot be compared
  modified,  ///< under the identity rule "size+mtime" only
  content,   ///< bytes that were read
};
constexpr std::size_t kDifferenceKinds = 6;

/// One name that is not the same everywhere. `member` of each ObjectInfo says whose word it is.
struct Difference {
  DifferenceKind kind;
  Path path;
  ObjectType type = ObjectType::file;  ///< the authority's
  std::vector<ObjectInfo> holders;     ///< the authority, and who agrees with it
  std::vector<ObjectInfo> others;      ///< who does not; `missing`: of these only `member` means something
  std::uint64_t offset = 0;            ///< `content`: of the first byte that differs

  Difference(DifferenceKind which, Path where) : kind(which), path(std::move(where)) {}
};

/// Something of one member that could not be learnt: it is neither the same nor different nor missing.
struct Unknown {
  Path path;
  MemberIndex member = 0;
  Error error;
  bool gave_up = false;  ///< the member failed too often and is not asked any more

  Unknown(Path where, MemberIndex who, Error why)
      : path(std::move(where)), member(who), error(std::move(why)) {}
};

/// Each call gives false when nobody listens any more; the comparison then stops.
class FindingSink {
 public:
  virtual ~FindingSink() = default;
  virtual bool difference(const Difference& found) = 0;
  virtual bool unknown(const Unknown& found) = 0;
};

/// How far it is and what came out so far.
struct VerifyCounts {
  std::uint64_t folders = 0;         ///< compared
  std::uint64_t folders_queued = 0;  ///< known of, the ones under way included
  std::uint64_t names = 0;           ///< files and folders that were compared, in any member
  std::uint64_t files = 0;           ///< of them files that two members or more hold alike
  std::array<std::uint64_t, kDifferenceKinds> differences{};
  std::uint64_t unknown = 0;
  // Bytes, with `deep` and `sample` only.
  std::uint64_t files_read = 0;
  std::uint64_t bytes_found = 0;     ///< to compare, as far as is known
  std::uint64_t bytes_compared = 0;  ///< once for each file, however many members hold it
  std::uint64_t bytes_fetched = 0;   ///< from all members
  bool reading = false;              ///< the walk is over, the samples are being read

  VerifyCounts() = default;
  std::uint64_t all_differences() const {
    return std::accumulate(differences.begin(), differences.end(), std::uint64_t{0});
  }
};

/// What a comparison that has ended says, as one word and as the exit status of `verify`.
enum class VerifyOutcome : std::uint8_t { same = 0, different = 1, incomplete = 2 };

/// What is unknown outweighs what differs: nobody is to take such a result for a whole one.
inline VerifyOutcome outcome_of(const VerifyCounts& counts, bool interrupted) {
  if (interrupted || counts.unknown > 0) return VerifyOutcome::incomplete;
  return counts.all_differences() > 0 ? VerifyOutcome::different : VerifyOutcome::same;
}

}  // namespace balancefs
