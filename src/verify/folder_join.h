// One folder as its members list it: the names in order, each with the copies that there are and who lacks
// it, and what is different about a name. Pure.
//
// A member without a known listing takes no part: it neither holds nor lacks a name.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "balancefs/options.h"
#include "verify/findings.h"

namespace balancefs {

struct ListedName {
  std::string name;
  ObjectInfo info;
  ListedName(std::string text, ObjectInfo what) : name(std::move(text)), info(std::move(what)) {}
};
using FolderListing = std::vector<ListedName>;

/// A folder's listing by one member.
struct MemberFolder {
  MemberIndex member = 0;
  FolderListing names;
  MemberFolder(MemberIndex who, FolderListing listed) : member(who), names(std::move(listed)) {}
};

/// One name and who holds it, in the group's order: the first copy is the authority.
struct NamedCopies {
  Path path;
  std::vector<ObjectInfo> copies;
  std::vector<MemberIndex> lacking;

  explicit NamedCopies(Path where) : path(std::move(where)) {}
  /// A file that is compared by what its member did not list: an exact size or, where checksums decide, one
  /// that another copy can be compared by.
  bool needs_stat(const ObjectInfo& copy, GroupOptions::IdentityRule rule) const;
};

class FolderJoin {
 public:
  /// The listings in any order of names and of members.
  FolderJoin(Path folder, std::vector<MemberFolder> listings);
  /// The next name in byte order; absent at the end. A listing is let go of as far as it was read.
  std::optional<NamedCopies> next();

 private:
  Path folder_;
  std::vector<MemberFolder> listings_;
  std::vector<std::size_t> at_;  ///< by listing
};

struct NameVerdict {
  std::vector<Difference> differences;
  std::vector<ObjectInfo> alike;  ///< the authority's copy and those that count as equal to it
  NameVerdict() = default;
};

/// Sizes of files that several hold are exact by now.
NameVerdict judge_name(const NamedCopies& name, GroupOptions::IdentityRule rule);

}  // namespace balancefs
