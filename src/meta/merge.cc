#include "meta/merge.h"

#include <algorithm>

namespace balancefs {
namespace {

/// Changes in place count where no checksum says that the bytes are the same all the same.
IdentityVerdict judge_copy(const MergeInput& input, const std::set<MemberIndex>* changed,
                           const InfoView& authority, const InfoView& other) {
  using Kind = IdentityVerdict::Kind;
  if (authority.type != other.type) return IdentityVerdict(Kind::other_type);
  if (authority.type == ObjectType::directory) return IdentityVerdict(Kind::same);
  const IdentityVerdict verdict = judge_identity(input.rule, authority, other);
  if (!verdict.same() || !verdict.checksum.empty() || changed == nullptr) return verdict;
  const bool other_changed = changed->contains(other.member);
  if (changed->contains(authority.member) == other_changed) return verdict;
  return IdentityVerdict(other_changed ? Kind::changed : Kind::authority_changed);
}

const std::set<MemberIndex>* changed_members(const MergeInput& input, std::string_view name) {
  if (input.changed->empty()) return nullptr;
  const auto found = input.changed->find(name);
  return found == input.changed->end() ? nullptr : &found->second;
}

/// Whether every member that has the name is one of `changed`.
bool all_changed(const MergeInput& input, const std::set<MemberIndex>& changed, std::string_view name) {
  for (MemberIndex m = 0; m < input.members.size(); ++m) {
    const MemberListing* member = input.members[m];
    if (member != nullptr && !changed.contains(m) && member->row_of(name) != kNoRow) return false;
  }
  return true;
}

}  // namespace

MergedName::MergedName(const MergeInput& input, std::string_view name, std::span<const RowIndex> rows)
    : input_(input), name_(name), rows_(rows) {
  const auto first = std::find_if(rows.begin(), rows.end(), [](RowIndex row) { return row != kNoRow; });
  authority_ = static_cast<std::size_t>(first - rows.begin());
}

template <class Visit>
void MergedName::for_each_other(Visit visit) const {
  const auto* changed = changed_members(input_, name_);
  for (std::size_t member = authority_ + 1; member < rows_.size(); ++member) {
    if (!has(member)) continue;
    const InfoView other = info(member);
    if (!visit(other, judge_copy(input_, changed, authority(), other))) return;
  }
}

std::optional<MemberIndex> MergedName::first_divergent() const {
  std::optional<MemberIndex> found;
  for_each_other([&](const InfoView& other, const IdentityVerdict& verdict) {
    if (verdict.differs()) found = other.member;
    return !found.has_value();
  });
  return found;
}

IdentityVerdict MergedName::verdict(std::size_t member) const {
  if (!has(member)) return IdentityVerdict(IdentityVerdict::Kind::absent);
  if (member == authority_) return IdentityVerdict(IdentityVerdict::Kind::authority);
  return judge_copy(input_, changed_members(input_, name_), authority(), info(member));
}

DirectoryEntry MergedName::entry() const {
  DirectoryEntry entry(std::string(name_), authority().info());
  for_each_other([&](const InfoView& other, const IdentityVerdict& verdict) {
    if (verdict.same()) {
      entry.copies.push_back(other.info());
    } else {
      entry.divergent.push_back(other.member);
    }
    return true;
  });
  return entry;
}

std::vector<RowIndex> rows_of_name(const MergeInput& input, std::string_view name) {
  std::vector<RowIndex> rows;
  rows.reserve(input.members.size());
  for (const MemberListing* member : input.members) {
    rows.push_back(member == nullptr ? kNoRow : member->row_of(name));
  }
  return rows;
}

std::optional<DirectoryEntry> merge_name(const MergeInput& input, std::string_view name) {
  const std::vector<RowIndex> rows = rows_of_name(input, name);
  const MergedName merged(input, name, rows);
  if (!merged.exists()) return std::nullopt;
  return merged.entry();
}

std::vector<RowIndex> merge_rows(const MergeInput& input) {
  std::vector<RowIndex> merged;
  RowIndex most = 0;
  for (const MemberListing* member : input.members) {
    if (member != nullptr) most = std::max(most, member->size());
  }
  merged.reserve(most * input.members.size());
  std::vector<RowIndex> next(input.members.size(), 0);
  const auto left = [&](std::size_t i) {
    return input.members[i] != nullptr && next[i] < input.members[i]->size();
  };
  while (true) {
    std::optional<std::string_view> name;
    for (std::size_t i = 0; i < next.size(); ++i) {
      if (!left(i)) continue;
      const std::string_view candidate = input.members[i]->name(next[i]);
      if (!name || candidate < *name) name = candidate;
    }
    if (!name) return merged;
    for (std::size_t i = 0; i < next.size(); ++i) {
      const bool has = left(i) && input.members[i]->name(next[i]) == *name;
      merged.push_back(has ? next[i]++ : kNoRow);
    }
  }
}

void note_change(ChangedCopies& changed, const MergeInput& input, MemberIndex member, std::string_view name,
                 const std::optional<InfoView>& before, const std::optional<InfoView>& after) {
  auto known = changed.find(name);
  const bool same_size = before && after && before->type == after->type &&
                         before->size_kind == after->size_kind && before->size == after->size;
  const bool in_place = same_size && after->type == ObjectType::file && before->contradicts(*after);
  if (in_place) {
    if (known == changed.end()) known = changed.try_emplace(std::string(name)).first;
    known->second.insert(member);
  } else if (known != changed.end() && !same_size) {
    known->second.erase(member);
    // A copy that is new is judged by size, as if nothing had happened: it goes with the authority.
    const auto authority = after ? merge_name(input, name) : std::nullopt;
    if (authority && authority->info.member != member && known->second.contains(authority->info.member)) {
      known->second.insert(member);
    }
  }
  if (known == changed.end()) return;
  if (known->second.empty() || all_changed(input, known->second, name)) changed.erase(known);
}

bool looks_different(const std::optional<InfoView>& before, const std::optional<InfoView>& after) {
  if (before.has_value() != after.has_value()) return true;
  if (!before) return false;
  return before->type != after->type || before->size != after->size || before->etag != after->etag ||
         before->modified != after->modified;
}

}  // namespace balancefs
