// One name of a group's directory as everybody sees it: attributes are the authority's, whoever serves.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "balancefs/object.h"

namespace balancefs {

struct DirectoryEntry {
  std::string name;
  ObjectInfo info;                 ///< the authority's word; info.member is the authority
  std::vector<ObjectInfo> copies;  ///< members with the authority's identity, in group order; front() == info
  std::vector<MemberIndex>
      divergent;  ///< members with something else under that name: never read for this path

  DirectoryEntry() = default;
  DirectoryEntry(std::string called, ObjectInfo authority)
      : name(std::move(called)), info(std::move(authority)) {
    copies.push_back(info);
  }
  bool operator==(const DirectoryEntry&) const = default;
};

}  // namespace balancefs
