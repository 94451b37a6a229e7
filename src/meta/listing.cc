#include "meta/listing.h"

#include "base/checksums.h"

namespace balancefs {
namespace {

/// What a std::map and the heap add to one of its values: colour, three pointers and a block's header.
constexpr std::size_t kNoteLinks = 40;

Rows packed(const std::vector<ListedEntry>& entries) {
  RowsBuilder rows;
  for (const ListedEntry& entry : entries) rows.add(entry.name, entry.info);
  return rows.finish();
}

}  // namespace

MemberListing::MemberListing(std::vector<ListedEntry> entries) : MemberListing(packed(entries)) {}

MemberListing::MemberListing(Rows rows) {
  if (rows.size() > 0) rows_ = std::make_shared<const Rows>(std::move(rows));
}

InfoView MemberListing::info(RowIndex row) const {
  InfoView view = rows_->info(row);
  if (notes_ == nullptr) return view;
  const auto known = notes_->find(row);
  if (known == notes_->end()) return view;
  if (known->second.checksums != nullptr) view.checksum = *known->second.checksums;
  if (!known->second.gives_size) return view;
  view.size = known->second.size;
  view.size_kind = known->second.size_kind;
  return view;
}

std::optional<ObjectInfo> MemberListing::find(std::string_view name) const {
  const RowIndex row = row_of(name);
  if (row == kNoRow) return std::nullopt;
  return info(row).info();
}

std::optional<ObjectInfo> MemberListing::listed(std::string_view name) const {
  const RowIndex row = row_of(name);
  if (row == kNoRow) return std::nullopt;
  return as_listed(row).info();
}

const StatNote* MemberListing::note(std::string_view name) const {
  const RowIndex row = notes_ == nullptr ? kNoRow : row_of(name);
  if (row == kNoRow) return nullptr;
  const auto known = notes_->find(row);
  return known == notes_->end() ? nullptr : &known->second;
}

MemberListing::Notes& MemberListing::own_notes() {
  if (notes_ == nullptr) {
    notes_ = std::make_shared<Notes>();
  } else if (notes_.use_count() > 1) {
    notes_ = std::make_shared<Notes>(*notes_);
  }
  return *notes_;
}

void MemberListing::note_stat(std::string_view name, TimePoint at, const ObjectInfo& stat,
                              bool asked_checksums) {
  const RowIndex row = row_of(name);
  if (row == kNoRow) return;
  StatNote note(at, stat);
  note.asked_checksums = asked_checksums;
  if (note.checksums != nullptr) {
    const std::string all = normal_checksums(stat.checksum + ' ' + std::string(as_listed(row).checksum));
    note.checksums = all.empty() ? nullptr : std::make_shared<const std::string>(all);
  }
  const StatNote* before = this->note(name);
  const bool same_state = before != nullptr && !before->outdated && before->size == note.size &&
                          !note.validator.empty() && !before->validator.contradicts(note.validator);
  if (same_state && note.checksums == nullptr) note.checksums = before->checksums;
  if (same_state && !asked_checksums) note.asked_checksums = before->asked_checksums;
  own_notes().insert_or_assign(row, std::move(note));
}

void MemberListing::restore_note(std::string_view name, StatNote note) {
  const RowIndex row = row_of(name);
  if (row != kNoRow) own_notes().insert_or_assign(row, std::move(note));
}

void MemberListing::inherit_notes(const MemberListing& older) {
  if (older.notes_ == nullptr) return;
  for (const auto& [old_row, known] : *older.notes_) {
    const RowIndex row = row_of(older.name(old_row));
    if (known.outdated || row == kNoRow) continue;
    const InfoView listed_now = as_listed(row);
    if (!listed_now.validated() || listed_now != older.as_listed(old_row)) continue;
    StatNote kept = known;
    kept.gives_size = listed_now.size_kind != SizeKind::exact;
    own_notes().insert_or_assign(row, std::move(kept));
  }
}

void MemberListing::outdate_notes() {
  if (notes_ == nullptr) return;
  for (auto& [row, known] : own_notes()) known.outdated = true;
}

std::size_t MemberListing::bytes() const {
  std::size_t held = sizeof *this;
  if (rows_ != nullptr) held += rows_->bytes();
  if (notes_ == nullptr) return held;
  for (const auto& note : *notes_) {
    held += kNoteLinks + sizeof note;
    if (note.second.validator.etag.capacity() >= sizeof(std::string))
      held += note.second.validator.etag.capacity();
    if (note.second.checksums != nullptr) held += kNoteLinks + note.second.checksums->capacity();
  }
  return held;
}

std::vector<RowChange> changed_rows(const MemberListing& before, const MemberListing& after) {
  std::vector<RowChange> changes;
  RowIndex old_row = 0;
  RowIndex new_row = 0;
  while (old_row < before.size() || new_row < after.size()) {
    const bool both = old_row < before.size() && new_row < after.size();
    const int order = both ? before.name(old_row).compare(after.name(new_row)) : 0;
    const bool only_old = both ? order < 0 : new_row == after.size();
    const bool only_new = both ? order > 0 : old_row == before.size();
    if (only_old || only_new || before.info(old_row) != after.info(new_row)) {
      changes.emplace_back(only_new ? kNoRow : old_row, only_old ? kNoRow : new_row);
    }
    if (!only_new) ++old_row;
    if (!only_old) ++new_row;
  }
  return changes;
}

}  // namespace balancefs
