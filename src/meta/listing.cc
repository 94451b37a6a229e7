#include "meta/listing.h"

#include <algorithm>

namespace balancefs {
namespace {

bool by_name(const ListedEntry& left, const ListedEntry& right) {
  return left.name < right.name;
}
bool same_name(const ListedEntry& left, const ListedEntry& right) {
  return left.name == right.name;
}
bool before_name(const ListedEntry& entry, std::string_view name) {
  return entry.name < name;
}

}  // namespace

MemberListing::MemberListing(std::vector<ListedEntry> entries) : entries_(std::move(entries)) {
  std::stable_sort(entries_.begin(), entries_.end(), by_name);
  entries_.erase(std::unique(entries_.begin(), entries_.end(), same_name), entries_.end());
  entries_.shrink_to_fit();
}

const ObjectInfo* MemberListing::find(std::string_view name) const {
  const auto row = std::lower_bound(entries_.begin(), entries_.end(), name, before_name);
  return row == entries_.end() || row->name != name ? nullptr : &row->info;
}

ObjectInfo* MemberListing::find_row(std::string_view name) {
  const auto row = std::lower_bound(entries_.begin(), entries_.end(), name, before_name);
  return row == entries_.end() || row->name != name ? nullptr : &row->info;
}

const ObjectInfo* MemberListing::listed(std::string_view name) const {
  const StatNote* known = note(name);
  return known != nullptr ? &known->listed : find(name);
}

const StatNote* MemberListing::note(std::string_view name) const {
  const auto found = notes_.find(name);
  return found == notes_.end() ? nullptr : &found->second;
}

void MemberListing::note_stat(std::string_view name, TimePoint at, const ObjectInfo& stat) {
  ObjectInfo* row = find_row(name);
  if (row == nullptr) return;
  const ObjectInfo as_listed = *listed(name);
  notes_.insert_or_assign(std::string(name), StatNote(at, stat, as_listed));
  row->size = stat.size;
  row->size_kind = stat.size_kind;
}

void MemberListing::inherit_notes(const MemberListing& older) {
  for (const auto& [name, known] : older.notes_) {
    ObjectInfo* row = find_row(name);
    if (row == nullptr || row->validator.empty() || !(*row == known.listed)) continue;
    notes_.insert_or_assign(name, known);
    if (row->size_kind == SizeKind::exact) continue;
    row->size = known.stat.size;
    row->size_kind = known.stat.size_kind;
  }
}

std::vector<std::string> changed_names(const MemberListing& before, const MemberListing& after) {
  std::vector<std::string> names;
  auto old_row = before.entries().begin();
  auto new_row = after.entries().begin();
  while (old_row != before.entries().end() || new_row != after.entries().end()) {
    const bool only_old = new_row == after.entries().end() ||
                          (old_row != before.entries().end() && old_row->name < new_row->name);
    const bool only_new = !only_old && (old_row == before.entries().end() || new_row->name < old_row->name);
    if (only_old || only_new || old_row->info != new_row->info) {
      names.push_back(only_old ? old_row->name : new_row->name);
    }
    if (!only_new) ++old_row;
    if (!only_old) ++new_row;
  }
  return names;
}

}  // namespace balancefs
