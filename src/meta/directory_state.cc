#include "meta/directory_state.h"

#include <algorithm>

namespace balancefs {
bool DirectoryState::counts(MemberIndex member, TimePoint now, const MetadataOptions& options) const {
  const MemberWord& word = words_[member];
  return word.kind != MemberWord::Kind::unknown && still_counts(word.answered_at, word.failed, now, options);
}

bool DirectoryState::any_listed(TimePoint now, const MetadataOptions& options) const {
  for (MemberIndex m = 0; m < words_.size(); ++m) {
    if (words_[m].kind == MemberWord::Kind::listed && counts(m, now, options)) return true;
  }
  return false;
}

bool DirectoryState::any_known(TimePoint now, const MetadataOptions& options) const {
  for (MemberIndex m = 0; m < words_.size(); ++m) {
    if (counts(m, now, options)) return true;
  }
  return false;
}

bool DirectoryState::knows_something() const {
  const auto known = [](const MemberWord& word) { return word.kind != MemberWord::Kind::unknown; };
  return std::any_of(words_.begin(), words_.end(), known);
}

bool DirectoryState::all_known(TimePoint now, const MetadataOptions& options) const {
  for (MemberIndex m = 0; m < words_.size(); ++m) {
    if (!counts(m, now, options)) return false;
  }
  return true;
}

bool DirectoryState::proves_absence(TimePoint now, const MetadataOptions& options) const {
  const bool unproven =
      std::any_of(words_.begin(), words_.end(), [](const MemberWord& word) { return word.unproven; });
  return all_known(now, options) && !unproven;
}

Held DirectoryState::held(TimePoint now, const MetadataOptions& options) const {
  Held held;
  held.any = any_known(now, options);
  held.expired = expired;
  if (all_known(now, options)) held.fresh_from = fresh_from;
  held.retry_at = retry_at;
  return held;
}

MergeInput DirectoryState::everything() const {
  MergeInput input;
  input.rule = rule_;
  input.changed = changed_copies_.get();
  for (const MemberWord& word : words_) {
    input.members.push_back(word.kind == MemberWord::Kind::listed ? &word.listing : nullptr);
  }
  return input;
}

MergeInput DirectoryState::counting(TimePoint now, const MetadataOptions& options) const {
  MergeInput input = everything();
  for (MemberIndex m = 0; m < words_.size(); ++m) {
    if (!counts(m, now, options)) input.members[m] = nullptr;
  }
  return input;
}

std::optional<DirectoryEntry> DirectoryState::find(std::string_view name, TimePoint now,
                                                   const MetadataOptions& options) const {
  return merge_name(counting(now, options), name);
}

std::vector<MemberVerdict> DirectoryState::decide(std::string_view name, TimePoint now,
                                                  const MetadataOptions& options) const {
  const MergeInput input = counting(now, options);
  const std::vector<RowIndex> rows = rows_of_name(input, name);
  const MergedName merged(input, name, rows);
  std::vector<MemberVerdict> members(words_.size());
  for (MemberIndex m = 0; m < words_.size(); ++m) {
    // What it lacks says nothing while its word does not count.
    if (!merged.has(m) && (!counts(m, now, options) || words_[m].unproven)) continue;
    members[m].verdict = merged.verdict(m);
    if (merged.has(m)) members[m].said = merged.info(m).info();
  }
  return members;
}

std::shared_ptr<const Directory> DirectoryState::snapshot(TimePoint now, const MetadataOptions& options) {
  // With a bound on old answers the view changes by itself as time passes.
  auto held = options.stale_if_error ? nullptr : snapshot_.lock();
  if (held) return held;
  auto made = std::make_shared<const Directory>(counting_words(now, options), all_known(now, options));
  snapshot_ = made;
  return made;
}

bool DirectoryState::is_current(const Directory& shown, const MetadataOptions& options) const {
  return !options.stale_if_error && snapshot_.lock().get() == &shown;
}

std::vector<std::string> DirectoryState::subdirectories(TimePoint now, const MetadataOptions& options) const {
  const MergeInput input = counting(now, options);
  std::vector<std::string> names;
  for (const MemberListing* member : input.members) {
    if (member == nullptr) continue;
    for (RowIndex row = 0; row < member->size(); ++row) {
      if (member->info(row).type == ObjectType::directory) names.emplace_back(member->name(row));
    }
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  if (input.members.size() == 1) return names;
  // What the authority has as a file is one, whatever the others say.
  std::erase_if(names, [&](const std::string& name) {
    return merge_name(input, name)->info.type != ObjectType::directory;
  });
  return names;
}

MembersWords DirectoryState::counting_words(TimePoint now, const MetadataOptions& options) const {
  MembersWords words;
  words.rule = rule_;
  words.changed = changed_copies_;
  for (const MemberListing* listing : counting(now, options).members) {
    words.listings.push_back(listing == nullptr ? MemberListing() : *listing);
  }
  return words;
}

ChangedCopies& DirectoryState::own_changed_copies() {
  if (changed_copies_.use_count() > 1) changed_copies_ = std::make_shared<ChangedCopies>(*changed_copies_);
  return *changed_copies_;
}

DirectoryChange DirectoryState::take(MemberIndex member, MemberWord::Kind kind, MemberListing listing) {
  MemberWord& word = words_[member];
  listing.inherit_notes(word.listing);
  std::vector<RowChange> rows = changed_rows(word.listing, listing);
  MemberListing old = std::exchange(word.listing, std::move(listing));
  if (!rows.empty() || word.kind != kind) word.kept.reset();
  word.kind = kind;
  note_changes(member, old, rows);
  forget_snapshot();
  MembersWords words;
  words.rule = rule_;
  words.changed = changed_copies_;
  for (const MemberWord& each : words_) words.listings.push_back(each.listing);
  return DirectoryChange(std::move(old), std::move(words), member, std::move(rows));
}

void DirectoryState::note_changes(MemberIndex member, const MemberListing& old,
                                  const std::vector<RowChange>& rows) {
  if (words_.size() == 1) return;  // no copies
  const MemberListing& listing = words_[member].listing;
  for (const RowChange& row : rows) {
    const bool both = row.before != kNoRow && row.after != kNoRow;
    if (!both && changed_copies_->empty()) continue;
    std::optional<InfoView> before, after;
    if (row.before != kNoRow) before = old.as_listed(row.before);
    if (row.after != kNoRow) after = listing.as_listed(row.after);
    const std::string_view name = before ? old.name(row.before) : listing.name(row.after);
    if (!both && !changed_copies_->contains(name)) continue;
    ChangedCopies& copies = own_changed_copies();
    note_change(copies, everything(), member, name, before, after);
  }
}

void DirectoryState::restore(MemberIndex member, MemberWord::Kind kind, MemberListing listing) {
  words_[member].kind = kind;
  words_[member].listing = std::move(listing);
  forget_snapshot();
}

void DirectoryState::find_divergent() {
  divergent.clear();
  const MergeInput input = everything();
  const std::size_t members = input.members.size();
  const std::vector<RowIndex> rows = merge_rows(input);
  for (std::size_t at = 0; at < rows.size(); at += members) {
    const std::span<const RowIndex> of_name(rows.data() + at, members);
    std::size_t holder = 0;
    while (of_name[holder] == kNoRow) ++holder;
    const MergedName merged(input, input.members[holder]->name(of_name[holder]), of_name);
    if (merged.first_divergent()) divergent.emplace(merged.name());
  }
}

std::size_t DirectoryState::rows() const {
  std::size_t count = 0;
  for (const MemberWord& word : words_) count += word.listing.size();
  return count;
}

}  // namespace balancefs
