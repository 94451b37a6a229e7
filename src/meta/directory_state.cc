#include "meta/directory_state.h"

#include <algorithm>

namespace balancefs {
namespace {

std::vector<std::optional<DirectoryEntry>> merged(const MergeInput& input,
                                                  const std::vector<std::string>& names) {
  std::vector<std::optional<DirectoryEntry>> entries;
  entries.reserve(names.size());
  for (const std::string& name : names) entries.push_back(merge_name(input, name));
  return entries;
}

}  // namespace

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

bool DirectoryState::all_known(TimePoint now, const MetadataOptions& options) const {
  for (MemberIndex m = 0; m < words_.size(); ++m) {
    if (!counts(m, now, options)) return false;
  }
  return true;
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
  input.changed = &changed_copies_;
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

std::shared_ptr<const Directory> DirectoryState::snapshot(TimePoint now, const MetadataOptions& options) {
  // With a bound on old answers the view changes by itself as time passes.
  auto held = options.stale_if_error ? nullptr : snapshot_.lock();
  if (held) return held;
  auto made = std::make_shared<const Directory>(merge_all(counting(now, options)), all_known(now, options),
                                                fresh_from.value_or(TimePoint()));
  snapshot_ = made;
  return made;
}

std::vector<EntryChange> DirectoryState::take(MemberIndex member, MemberWord::Kind kind,
                                              MemberListing listing) {
  MemberWord& word = words_[member];
  listing.inherit_notes(word.listing);
  const std::vector<std::string> names = changed_names(word.listing, listing);
  // Of a directory that nobody was told of, nobody asks what was before.
  std::vector<std::optional<DirectoryEntry>> before(names.size());
  if (served) before = merged(everything(), names);
  const MemberListing old = std::exchange(word.listing, std::move(listing));
  word.kind = kind;
  const MergeInput input = everything();
  for (const std::string& name : names) {
    note_change(changed_copies_, input, member, name, old.listed(name), word.listing.listed(name));
  }
  auto after = merged(input, names);
  std::vector<EntryChange> changes;
  for (std::size_t i = 0; i < names.size(); ++i) {
    changes.emplace_back(names[i], std::move(before[i]), std::move(after[i]));
  }
  forget_snapshot();
  return changes;
}

std::optional<EntryChange> DirectoryState::take_stat(MemberIndex member, std::string_view name, TimePoint at,
                                                     const ObjectInfo& stat) {
  MemberListing& listing = words_[member].listing;
  if (listing.find(name) == nullptr) return std::nullopt;
  auto before = merge_name(everything(), name);
  listing.note_stat(name, at, stat);
  forget_snapshot();
  return EntryChange(std::string(name), std::move(before), merge_name(everything(), name));
}

std::size_t DirectoryState::rows() const {
  std::size_t count = 0;
  for (const MemberWord& word : words_) count += word.listing.size();
  return count;
}

}  // namespace balancefs
