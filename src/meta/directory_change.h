// What a member's new word about a directory changes in the merged view of it.
//
// Made when the word is taken, from listings that are shared and never change: what was before can still be
// asked afterwards. Makes no object per name; a walk over what changed costs about what the change is large.
#pragma once

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "meta/directory.h"

namespace balancefs {

/// A name whose merged entry may be another one now. Views into listings: valid during the visit.
struct EntryChange {
  std::string_view name;
  std::optional<InfoView> before;  ///< the authority's word; nothing: nobody had it
  MergedName after;

  EntryChange(std::string_view called, std::optional<InfoView> was, MergedName is)
      : name(called), before(std::move(was)), after(is) {}
};

class DirectoryChange {
 public:
  /// `old`: what `member` listed before; `words`: what all say now; `rows`: those of `member` that differ.
  DirectoryChange(MemberListing old, MembersWords words, MemberIndex member, std::vector<RowChange> rows)
      : old_(std::move(old)), words_(std::move(words)), member_(member), rows_(std::move(rows)) {}

  MemberIndex member() const { return member_; }
  std::size_t size() const { return rows_.size(); }
  /// visit(const EntryChange&), in the order of names.
  template <class Visit>
  void for_each(Visit visit) const {
    const MergeInput after = words_.input();
    MergeInput before = after;
    before.members[member_] = &old_;
    std::vector<RowIndex> next(after.members.size(), 0);
    std::vector<RowIndex> rows_before(after.members.size(), kNoRow);
    std::vector<RowIndex> rows_after(after.members.size(), kNoRow);
    for (const RowChange& row : rows_) {
      const std::string_view name =
          row.after == kNoRow ? old_.name(row.before) : words_.listings[member_].name(row.after);
      find_others(name, next, rows_after);
      rows_before = rows_after;
      rows_before[member_] = row.before;
      rows_after[member_] = row.after;
      const MergedName was(before, name, rows_before);
      std::optional<InfoView> old_word;
      if (was.exists()) old_word = was.authority();
      visit(EntryChange(name, old_word, MergedName(after, name, rows_after)));
    }
  }

 private:
  /// The rows of the other members; `next` moves on with the names.
  void find_others(std::string_view name, std::vector<RowIndex>& next, std::vector<RowIndex>& rows) const;

  MemberListing old_;
  MembersWords words_;
  MemberIndex member_;
  std::vector<RowChange> rows_;
};

}  // namespace balancefs
