// What one member listed in one directory: names and attributes, sorted by name.
//
// Owned by the directory's state (directory_state.h), loop thread. A copy shares the rows, which never
// change (rows.h), and the notes, which are copied before a write. Another thread may read a copy that goes
// back to the loop and ends there. Beside the rows it keeps what stat() said of single files since: a stat
// makes a rounded or unknown size exact, but its validator never replaces the listing's, because index pages
// give minutes (in their own time zone) where HEAD gives seconds, and a version is named by the listing's
// validator.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "meta/rows.h"

namespace balancefs {

struct ListedEntry {
  std::string name;
  ObjectInfo info;

  ListedEntry() = default;
  ListedEntry(std::string called, ObjectInfo attributes)
      : name(std::move(called)), info(std::move(attributes)) {}
  bool operator==(const ListedEntry&) const = default;
};

/// What a stat said of one file.
struct StatNote {
  TimePoint at;
  std::uint64_t size = 0;
  SizeKind size_kind = SizeKind::exact;
  bool gives_size = true;        ///< the row shows this size, not the listing's
  bool asked_checksums = false;  ///< it was asked for them; with or without `checksums`
  Validator validator;
  std::shared_ptr<const std::string> checksums;  ///< with the listing's; null: it gave none
  bool outdated = false;                         ///< a refresh came since: asked again with the next use

  StatNote() = default;
  StatNote(TimePoint when, const ObjectInfo& said)
      : at(when), size(said.size), size_kind(said.size_kind), validator(said.validator) {
    if (!said.checksum.empty()) checksums = std::make_shared<const std::string>(said.checksum);
  }
};

class MemberListing {
 public:
  MemberListing() = default;
  /// In any order; of a name that comes twice the first stays.
  explicit MemberListing(std::vector<ListedEntry> entries);
  explicit MemberListing(Rows rows);

  RowIndex size() const { return rows_ == nullptr ? 0 : rows_->size(); }
  bool empty() const { return size() == 0; }

  // By row. Views live as long as some copy of this listing; the size and checksums of a row change with
  // note_stat(), and views of the latter end with the note.
  std::string_view name(RowIndex row) const { return rows_->name(row); }
  /// The attributes as known best: the listing's, with a stat's size and checksums.
  InfoView info(RowIndex row) const;
  /// As the listing itself said, whatever stats said since.
  InfoView as_listed(RowIndex row) const { return rows_->info(row); }
  /// kNoRow when it is not listed.
  RowIndex row_of(std::string_view name) const { return rows_ == nullptr ? kNoRow : rows_->find(name); }
  /// See Rows::seek.
  RowIndex seek(RowIndex from, std::string_view name) const {
    return rows_ == nullptr ? 0 : rows_->seek(from, name);
  }

  // By name. Nothing when it is not listed.
  std::optional<ObjectInfo> find(std::string_view name) const;
  std::optional<ObjectInfo> listed(std::string_view name) const;
  const StatNote* note(std::string_view name) const;
  /// visit(std::string_view name, const ObjectInfo& info): every row in the order of names, as find() gives
  /// it.
  template <class Visit>
  void for_each(Visit visit) const {
    ObjectInfo row_info;
    for (RowIndex row = 0; row < size(); ++row) {
      info(row).copy_to(row_info);
      visit(name(row), std::as_const(row_info));
    }
  }
  /// visit(std::string_view name, const StatNote& note): what stats said, in the order of names.
  template <class Visit>
  void for_each_note(Visit visit) const {
    if (notes_ == nullptr) return;
    for (const auto& [row, note] : *notes_) visit(name(row), note);
  }
  std::size_t note_count() const { return notes_ == nullptr ? 0 : notes_->size(); }

  /// Takes a stat's size and checksums for a listed name and remembers the rest beside it. The checksums of
  /// the stat before stay when this one gives none and speaks of the same state. `asked_checksums`: it was
  /// asked for them.
  void note_stat(std::string_view name, TimePoint at, const ObjectInfo& stat, bool asked_checksums = false);
  /// Puts back a note of this very listing.
  void restore_note(std::string_view name, StatNote note);
  /// Keeps the notes of `older` for rows that are listed exactly as they were then, with a validator to say
  /// so.
  void inherit_notes(const MemberListing& older);
  void outdate_notes();

  /// Memory held for rows and notes, for tests and figures.
  std::size_t bytes() const;

 private:
  using Notes = std::map<RowIndex, StatNote>;
  Notes& own_notes();

  std::shared_ptr<const Rows> rows_;  ///< null: none
  std::shared_ptr<Notes> notes_;      ///< null: none; copied before a write when somebody else looks at it
};

/// A name that one of two listings of a member has otherwise than the other, by its rows in both.
struct RowChange {
  RowIndex before = kNoRow;
  RowIndex after = kNoRow;

  RowChange(RowIndex was, RowIndex is) : before(was), after(is) {}
  bool operator==(const RowChange&) const = default;
};

/// The rows that differ between two listings of one member, in the order of names.
std::vector<RowChange> changed_rows(const MemberListing& before, const MemberListing& after);

}  // namespace balancefs
