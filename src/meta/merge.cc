#include "meta/merge.h"

#include <algorithm>
#include <chrono>

namespace balancefs {
namespace {

/// Index pages show two digits ("1.2M", "12M") and some cut instead of rounding: the last digit of "1.0" is a
/// tenth of the value. Below that, a unit of 1 KiB.
constexpr std::uint64_t kRoundingShare = 10;
constexpr std::uint64_t kRoundingBytes = 1024;

/// FAT and some servers keep times in steps of 2 s.
constexpr std::chrono::seconds kSameTime(2);

bool same_kind_of_checksum(const ObjectInfo& left, const ObjectInfo& right) {
  const std::size_t colon = left.checksum.find(':');
  return colon != std::string::npos && colon == right.checksum.find(':') &&
         left.checksum.compare(0, colon, right.checksum, 0, colon) == 0;
}

bool times_agree(const Validator& left, const Validator& right) {
  if (!left.modified || !right.modified) return false;
  return *left.modified <= *right.modified + kSameTime && *right.modified <= *left.modified + kSameTime;
}

bool changed_alike(const std::set<MemberIndex>* changed, MemberIndex left, MemberIndex right) {
  return changed == nullptr || changed->contains(left) == changed->contains(right);
}

bool is_copy(const MergeInput& input, const std::set<MemberIndex>* changed, const ObjectInfo& authority,
             const ObjectInfo& other) {
  if (authority.type != other.type) return false;
  if (authority.type == ObjectType::directory) return true;
  if (!same_identity(input.rule, authority, other)) return false;
  return checksums_agree(authority, other) || changed_alike(changed, authority.member, other.member);
}

const std::set<MemberIndex>* changed_members(const MergeInput& input, std::string_view name) {
  const auto found = input.changed->find(name);
  return found == input.changed->end() ? nullptr : &found->second;
}

/// `rows`: by member, null where it does not have the name; at least one is there.
DirectoryEntry merge_rows(const MergeInput& input, const std::vector<const ObjectInfo*>& rows,
                          std::string_view name) {
  const auto first =
      std::find_if(rows.begin(), rows.end(), [](const ObjectInfo* row) { return row != nullptr; });
  DirectoryEntry entry(std::string(name), **first);
  const auto* changed = changed_members(input, name);
  for (auto row = first + 1; row != rows.end(); ++row) {
    if (*row == nullptr) continue;
    if (is_copy(input, changed, entry.info, **row)) {
      entry.copies.push_back(**row);
    } else {
      entry.divergent.push_back((*row)->member);
    }
  }
  return entry;
}

std::size_t holders(const MergeInput& input, std::string_view name) {
  const auto holds = [&](const MemberListing* member) {
    return member != nullptr && member->find(name) != nullptr;
  };
  return static_cast<std::size_t>(std::count_if(input.members.begin(), input.members.end(), holds));
}

}  // namespace

bool checksums_agree(const ObjectInfo& left, const ObjectInfo& right) {
  return same_kind_of_checksum(left, right) && left.checksum == right.checksum;
}

bool sizes_may_match(const ObjectInfo& left, const ObjectInfo& right) {
  if (left.size_kind == SizeKind::unknown || right.size_kind == SizeKind::unknown) return true;
  if (left.size_kind == SizeKind::exact && right.size_kind == SizeKind::exact) return left.size == right.size;
  const auto [small, large] = std::minmax(left.size, right.size);
  return large - small <= large / kRoundingShare + kRoundingBytes;
}

bool same_identity(IdentityRule rule, const ObjectInfo& authority, const ObjectInfo& copy) {
  if (!sizes_may_match(authority, copy)) return false;
  if (same_kind_of_checksum(authority, copy)) {
    if (authority.checksum != copy.checksum) return false;
  } else if (rule == IdentityRule::checksum) {
    return false;
  }
  return rule != IdentityRule::size_mtime || times_agree(authority.validator, copy.validator);
}

std::optional<DirectoryEntry> merge_name(const MergeInput& input, std::string_view name) {
  std::vector<const ObjectInfo*> rows;
  rows.reserve(input.members.size());
  bool any = false;
  for (const MemberListing* member : input.members) {
    rows.push_back(member == nullptr ? nullptr : member->find(name));
    any = any || rows.back() != nullptr;
  }
  if (!any) return std::nullopt;
  return merge_rows(input, rows, name);
}

std::vector<DirectoryEntry> merge_all(const MergeInput& input) {
  std::vector<DirectoryEntry> merged;
  std::vector<std::size_t> next(input.members.size(), 0);
  std::vector<const ObjectInfo*> rows(input.members.size(), nullptr);
  while (true) {
    const std::string* name = nullptr;
    for (std::size_t i = 0; i < next.size(); ++i) {
      if (input.members[i] == nullptr || next[i] == input.members[i]->size()) continue;
      const std::string& candidate = input.members[i]->entries()[next[i]].name;
      if (name == nullptr || candidate < *name) name = &candidate;
    }
    if (name == nullptr) return merged;
    for (std::size_t i = 0; i < next.size(); ++i) {
      const bool left = input.members[i] != nullptr && next[i] < input.members[i]->size();
      const bool has = left && input.members[i]->entries()[next[i]].name == *name;
      rows[i] = has ? &input.members[i]->entries()[next[i]++].info : nullptr;
    }
    merged.push_back(merge_rows(input, rows, *name));
  }
}

void note_change(ChangedCopies& changed, const MergeInput& input, MemberIndex member, std::string_view name,
                 const ObjectInfo* before, const ObjectInfo* after) {
  auto known = changed.find(name);
  const bool same_size = before != nullptr && after != nullptr && before->type == after->type &&
                         before->size_kind == after->size_kind && before->size == after->size;
  const bool in_place =
      same_size && after->type == ObjectType::file && before->validator.contradicts(after->validator);
  if (in_place) {
    if (known == changed.end()) known = changed.try_emplace(std::string(name)).first;
    known->second.insert(member);
  } else if (known != changed.end() && !same_size) {
    known->second.erase(member);
    // A copy that is new is judged by size, as if nothing had happened: it goes with the authority.
    const auto authority = after == nullptr ? std::nullopt : merge_name(input, name);
    if (authority && authority->info.member != member && known->second.contains(authority->info.member)) {
      known->second.insert(member);
    }
  }
  if (known == changed.end()) return;
  if (known->second.empty() || known->second.size() == holders(input, name)) changed.erase(known);
}

bool looks_different(const std::optional<DirectoryEntry>& before,
                     const std::optional<DirectoryEntry>& after) {
  if (before.has_value() != after.has_value()) return true;
  if (!before) return false;
  return before->info.type != after->info.type || before->info.size != after->info.size ||
         before->info.validator != after->info.validator;
}

}  // namespace balancefs
