// The union of what the members of a group hold in one directory. Pure.
//
// The first member in order that has a name is its authority and gives type, size and times; the others are
// copies when their identity agrees with the authority's, and divergent when not. Sizes that are rounded or
// unknown agree while they could still be the same: a lookup makes them exact before a byte is read.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "meta/directory_entry.h"
#include "meta/identity.h"
#include "meta/listing.h"

namespace balancefs {

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

/// One name of the union, by the row of each member (kNoRow: does not have it). A view of the input and the
/// rows.
class MergedName {
 public:
  MergedName(const MergeInput& input, std::string_view name, std::span<const RowIndex> rows);

  std::string_view name() const { return name_; }
  /// Whether any member has it. The rest only if so.
  bool exists() const { return authority_ < rows_.size(); }
  InfoView authority() const { return info(authority_); }
  bool has(std::size_t member) const { return rows_[member] != kNoRow; }
  InfoView info(std::size_t member) const { return input_.members[member]->info(rows_[member]); }
  /// The first member that has something else under that name: of which more than a checksum is missing.
  std::optional<MemberIndex> first_divergent() const;
  DirectoryEntry entry() const;
  /// Of a member that lists nothing: absent.
  IdentityVerdict verdict(std::size_t member) const;

 private:
  /// visit(InfoView other, IdentityVerdict) for every other member that has the name, until it returns false.
  template <class Visit>
  void for_each_other(Visit visit) const;

  const MergeInput& input_;
  std::string_view name_;
  std::span<const RowIndex> rows_;
  std::size_t authority_;
};

/// By member: the row of one name.
std::vector<RowIndex> rows_of_name(const MergeInput& input, std::string_view name);
/// One name of the union; nothing when no member has it.
std::optional<DirectoryEntry> merge_name(const MergeInput& input, std::string_view name);
/// All names, sorted: for each the members' rows, one member after the other.
std::vector<RowIndex> merge_rows(const MergeInput& input);

/// Brings `changed` up to date when `member` lists `name` as `after` where it had listed `before` (nothing:
/// did not have it). `input` holds the new listings.
void note_change(ChangedCopies& changed, const MergeInput& input, MemberIndex member, std::string_view name,
                 const std::optional<InfoView>& before, const std::optional<InfoView>& after);

/// Whether a program could see a difference between two authorities' words: presence, type, size or
/// validator.
bool looks_different(const std::optional<InfoView>& before, const std::optional<InfoView>& after);

}  // namespace balancefs
