#include "meta/directory.h"

#include <algorithm>

namespace balancefs {

Directory::Directory(std::vector<DirectoryEntry> entries, bool complete, TimePoint fetched_at)
    : entries_(std::move(entries)), complete_(complete), fetched_at_(fetched_at) {}

const DirectoryEntry* Directory::find(std::string_view name) const {
  const auto before = [](const DirectoryEntry& entry, std::string_view wanted) {
    return entry.name < wanted;
  };
  const auto found = std::lower_bound(entries_.begin(), entries_.end(), name, before);
  return found == entries_.end() || found->name != name ? nullptr : &*found;
}

}  // namespace balancefs
