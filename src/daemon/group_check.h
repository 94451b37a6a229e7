// Comparing the members of a group for `check`, by what their folders list: do they hold the same files.
// Loop thread.
#pragma once

#include <string>
#include <vector>

#include "daemon/check_folders.h"

namespace balancefs {

/// A member that answers.
struct ComparedMember {
  std::string path;  ///< its mount path
  Storage* storage = nullptr;
  const FolderNames* root = nullptr;

  ComparedMember(std::string mount, Storage& who, const FolderNames& names)
      : path(std::move(mount)), storage(&who), root(&names) {}
};

struct GroupCheck {
  std::vector<std::string> warnings;  ///< one line each, with the remedy
  std::vector<std::string> notes;     ///< what is no mistake but good to know
  GroupCheck() = default;
};

/// Compares the roots, and the first folder that more than one member has. `members` in the group's order, at
/// least two. Never fails: a folder that a member does not list is not compared.
Task<Result<GroupCheck>> compare_members(std::string group, std::vector<ComparedMember> members,
                                         RequestContext& why);

}  // namespace balancefs
