// A directory of a group as everybody sees it: the union of what its members hold, at one moment.
//
// Immutable and shared: an open directory handle keeps its snapshot while the cache goes on. Attributes are
// the authority's, whoever serves the data.
#pragma once

#include <string>
#include <string_view>
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

class Directory {
 public:
  Directory() = default;
  /// `entries` sorted by name.
  Directory(std::vector<DirectoryEntry> entries, bool complete, TimePoint fetched_at);

  const std::vector<DirectoryEntry>& entries() const { return entries_; }
  /// Null when there is no such name.
  const DirectoryEntry* find(std::string_view name) const;
  /// Every member answered, or its last good answer was used.
  bool complete() const { return complete_; }
  /// When the oldest of the answers came that make it fresh; the clock's beginning when it never was
  /// complete.
  TimePoint fetched_at() const { return fetched_at_; }

 private:
  std::vector<DirectoryEntry> entries_;
  bool complete_ = false;
  TimePoint fetched_at_;
};

}  // namespace balancefs
