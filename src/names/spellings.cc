#include "names/spellings.h"

#include <algorithm>

namespace balancefs {

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

std::string_view SpellingTable::spelled_name(const Path& folder, std::string_view name) {
  const auto known = by_path_.find(folder.str());
  if (known == by_path_.end()) return name;
  folders_.splice(folders_.begin(), folders_, known->second);
  const auto spelling = known->second->spellings.find(name);
  return spelling == known->second->spellings.end() ? name : spelling->second;
}

Path SpellingTable::spelled(const Path& path) {
  Path folder;
  Path out;
  std::string_view rest = path.str();
  while (!rest.empty()) {
    const std::string_view name = rest.substr(0, rest.find('/'));
    rest.remove_prefix(std::min(rest.size(), name.size() + 1));
    out = out.child(spelled_name(folder, name));
    folder = folder.child(name);
  }
  return out;
}

}  // namespace balancefs
