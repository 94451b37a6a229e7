#include "names/spellings.h"

#include "names/nfc.h"

namespace balancefs {
namespace {

/// Calls `visit` with each folder above and the name in it, from the top, until it returns false.
template <class Visit>
void for_each_name(const Path& path, Visit visit) {
  Path folder;
  std::string_view rest = path.str();
  while (!rest.empty()) {
    const std::string_view name = rest.substr(0, rest.find('/'));
    rest.remove_prefix(std::min(rest.size(), name.size() + 1));
    if (!visit(folder, name)) return;
    folder = folder.child(name);
  }
}

}  // namespace

void SpellingTable::set(const Path& folder, Spellings spellings) {
  if (const auto known = by_path_.find(folder.str()); known != by_path_.end()) forget(known->second);
  names_ += spellings.size();
  folders_.emplace_front(folder.str(), std::move(spellings));
  by_path_.emplace(folder.str(), folders_.begin());
  while (folders_.size() > 1 && (folders_.size() > most_folders_ || names_ > most_names_)) {
    forget(std::prev(folders_.end()));
  }
}

void SpellingTable::forget(Folders::iterator folder) {
  names_ -= folder->spellings.size();
  by_path_.erase(folder->path);
  folders_.erase(folder);
}

Path SpellingTable::spelled(const Path& path) {
  Path out;
  for_each_name(path, [&](const Path& folder, std::string_view name) {
    const auto known = by_path_.find(folder.str());
    if (known != by_path_.end()) {
      folders_.splice(folders_.begin(), folders_, known->second);
      const auto spelling = known->second->spellings.find(name);
      if (spelling != known->second->spellings.end()) name = spelling->second;
    }
    out = out.child(name);
    return true;
  });
  return out;
}

std::optional<Path> SpellingTable::missing(const Path& path) const {
  std::optional<Path> found;
  for_each_name(path, [&](const Path& folder, std::string_view name) {
    if (!is_ascii(name) && !knows(folder)) found = folder;
    return !found;
  });
  return found;
}

}  // namespace balancefs
