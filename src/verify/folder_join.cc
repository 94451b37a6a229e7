#include "verify/folder_join.h"

#include <algorithm>

#include "base/checksums.h"
#include "meta/identity.h"

namespace balancefs {
namespace {

void sort_names(FolderListing& names) {
  std::ranges::stable_sort(names, {}, &ListedName::name);
  const auto repeated = std::ranges::unique(names, {}, &ListedName::name);
  names.erase(repeated.begin(), repeated.end());
}

DifferenceKind kind_of(IdentityRule rule, const ObjectInfo& authority, const ObjectInfo& copy) {
  if (authority.type != copy.type) return DifferenceKind::type;
  using Kind = IdentityVerdict::Kind;
  switch (judge_identity(rule, authority, copy).kind) {
    case Kind::other_size:
      return DifferenceKind::size;
    case Kind::other_time:
    case Kind::no_time:
      return DifferenceKind::modified;
    default:
      return DifferenceKind::checksum;
  }
}

bool is_alike(IdentityRule rule, const ObjectInfo& authority, const ObjectInfo& copy) {
  if (authority.type != copy.type) return false;
  return authority.type == ObjectType::directory || same_identity(rule, authority, copy);
}

/// One difference for each kind, with all members whose copies differ in that way.
void add_copy(std::vector<Difference>& differences, DifferenceKind kind, const NamedCopies& name,
              const ObjectInfo& copy) {
  auto found = std::ranges::find(differences, kind, &Difference::kind);
  if (found == differences.end()) found = differences.emplace(differences.end(), kind, name.path);
  found->others.push_back(copy);
}

}  // namespace

bool NamedCopies::needs_stat(const ObjectInfo& copy, IdentityRule rule) const {
  if (copies.size() < 2 || copy.type != ObjectType::file) return false;
  if (copy.size_kind != SizeKind::exact) return true;
  if (rule != IdentityRule::checksum) return false;
  return copy.checksum.empty() || std::ranges::any_of(copies, [&](const ObjectInfo& other) {
           return !other.checksum.empty() && compare_checksums(copy.checksum, other.checksum).outcome ==
                                                 ChecksumComparison::Outcome::none_in_common;
         });
}

FolderJoin::FolderJoin(Path folder, std::vector<MemberFolder> listings)
    : folder_(std::move(folder)), listings_(std::move(listings)), at_(listings_.size(), 0) {
  std::ranges::sort(listings_, {}, &MemberFolder::member);
  for (MemberFolder& listing : listings_) sort_names(listing.names);
}

std::optional<NamedCopies> FolderJoin::next() {
  const std::string* first = nullptr;
  for (std::size_t i = 0; i < listings_.size(); ++i) {
    if (at_[i] == listings_[i].names.size()) continue;
    const std::string& name = listings_[i].names[at_[i]].name;
    if (first == nullptr || name < *first) first = &name;
  }
  if (first == nullptr) return std::nullopt;
  const std::string chosen = *first;
  NamedCopies result(folder_.child(chosen));
  for (std::size_t i = 0; i < listings_.size(); ++i) {
    FolderListing& names = listings_[i].names;
    if (at_[i] == names.size() || names[at_[i]].name != chosen) {
      result.lacking.push_back(listings_[i].member);
      continue;
    }
    result.copies.push_back(std::move(names[at_[i]++].info));
    result.copies.back().member = listings_[i].member;
  }
  return result;
}

NameVerdict judge_name(const NamedCopies& name, GroupOptions::IdentityRule rule) {
  NameVerdict verdict;
  if (name.copies.empty()) return verdict;
  const ObjectInfo& authority = name.copies.front();
  for (const MemberIndex member : name.lacking) {
    ObjectInfo nothing;
    nothing.member = member;
    add_copy(verdict.differences, DifferenceKind::missing, name, nothing);
  }
  for (const ObjectInfo& copy : name.copies) {
    if (&copy == &authority || is_alike(rule, authority, copy)) {
      verdict.alike.push_back(copy);
    } else {
      add_copy(verdict.differences, kind_of(rule, authority, copy), name, copy);
    }
  }
  for (Difference& difference : verdict.differences) {
    difference.type = authority.type;
    difference.holders = difference.kind == DifferenceKind::missing ? name.copies : verdict.alike;
  }
  return verdict;
}

}  // namespace balancefs
