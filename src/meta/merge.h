// The union of what the members of a group hold in one directory. Pure.
//
// The first member in order that has a name is its authority and gives type, size and times; the others are
// copies when their identity agrees with the authority's, and divergent when not. Sizes that are rounded or
// unknown agree while they could still be the same: a lookup makes them exact before a byte is read.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "balancefs/options.h"
#include "meta/directory.h"
#include "meta/listing.h"

namespace balancefs {

using IdentityRule = GroupOptions::IdentityRule;

/// By name: the members whose own validator changed while the size stayed, since all copies last counted as
/// equal. Two members agree when both have changed or neither has.
///
/// A second change of the authority before the first has reached a copy is not told apart from one change;
/// the comparison of held bytes when reading moves to that copy covers it.
using ChangedCopies = std::map<std::string, std::set<MemberIndex>, std::less<>>;

struct MergeInput {
  std::vector<const MemberListing*>
      members;  ///< by index; null: nothing known, or the directory is not there
  IdentityRule rule = IdentityRule::size;
  const ChangedCopies* changed = nullptr;  ///< never null in use

  MergeInput() = default;
};

/// Whether `copy` counts as the same bytes as `authority` by what both members say of themselves now.
bool same_identity(IdentityRule rule, const ObjectInfo& authority, const ObjectInfo& copy);
/// Whether both could have the same number of bytes.
bool sizes_may_match(const ObjectInfo& left, const ObjectInfo& right);
/// Whether both give a checksum of the same kind ("sha1:") with the same value.
bool checksums_agree(const ObjectInfo& left, const ObjectInfo& right);

/// One name of the union; nothing when no member has it.
std::optional<DirectoryEntry> merge_name(const MergeInput& input, std::string_view name);
/// All names, sorted.
std::vector<DirectoryEntry> merge_all(const MergeInput& input);

/// Brings `changed` up to date when `member` lists `name` as `after` where it had listed `before` (null: did
/// not have it). `input` holds the new listings.
void note_change(ChangedCopies& changed, const MergeInput& input, MemberIndex member, std::string_view name,
                 const ObjectInfo* before, const ObjectInfo* after);

/// Whether a program could see a difference: presence, type, size or validator.
bool looks_different(const std::optional<DirectoryEntry>& before, const std::optional<DirectoryEntry>& after);

}  // namespace balancefs
