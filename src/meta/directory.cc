#include "meta/directory.h"

#include <algorithm>

namespace balancefs {
namespace {

/// Null when several members list something; any where none does.
const MemberListing* only_lister(const MembersWords& words) {
  const MemberListing* only = &words.listings.front();
  for (const MemberListing& listing : words.listings) {
    if (listing.empty()) continue;
    if (!only->empty() && only != &listing) return nullptr;
    only = &listing;
  }
  return only;
}

}  // namespace

MergeInput MembersWords::input() const {
  MergeInput input;
  for (const MemberListing& listing : listings) input.members.push_back(&listing);
  input.rule = rule;
  input.changed = changed.get();
  return input;
}

Directory::Directory(MembersWords words, bool complete)
    : words_(std::move(words)), input_(words_.input()), only_(only_lister(words_)), complete_(complete) {
  if (only_ == nullptr) merged_ = merge_rows(input_);
}

std::size_t Directory::size() const {
  return only_ != nullptr ? only_->size() : merged_.size() / words_.listings.size();
}

Directory::Lister Directory::authority(std::size_t index) const {
  if (only_ != nullptr) return Lister(*only_, static_cast<RowIndex>(index));
  const std::size_t members = words_.listings.size();
  std::size_t member = 0;
  while (merged_[index * members + member] == kNoRow) ++member;
  return Lister(words_.listings[member], merged_[index * members + member]);
}

std::string_view Directory::name(std::size_t index) const {
  const Lister by = authority(index);
  return by.member->name(by.row);
}

InfoView Directory::info(std::size_t index) const {
  const Lister by = authority(index);
  return by.member->info(by.row);
}

DirectoryEntry Directory::entry(std::size_t index) const {
  if (only_ != nullptr) return DirectoryEntry(std::string(name(index)), info(index).info());
  const std::size_t members = words_.listings.size();
  const auto rows = std::span<const RowIndex>(merged_).subspan(index * members, members);
  return MergedName(input_, name(index), rows).entry();
}

std::optional<std::size_t> Directory::index_of(std::string_view wanted) const {
  std::size_t low = 0;
  std::size_t high = size();
  while (low < high) {
    const std::size_t middle = low + (high - low) / 2;
    if (name(middle) < wanted) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  if (low == size() || name(low) != wanted) return std::nullopt;
  return low;
}

std::optional<DirectoryEntry> Directory::find(std::string_view wanted) const {
  return merge_name(input_, wanted);
}

}  // namespace balancefs
