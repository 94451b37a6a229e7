#include "fs/absent_names.h"

namespace balancefs {

std::optional<Path> AbsentNames::add(const Path& path) {
  const auto [known, is_new] = by_path_.try_emplace(path.str());
  if (!is_new) {
    names_.splice(names_.end(), names_, known->second);
    return std::nullopt;
  }
  names_.push_back(path);
  known->second = std::prev(names_.end());
  if (names_.size() <= most_) return std::nullopt;
  Path oldest = std::move(names_.front());
  names_.pop_front();
  by_path_.erase(oldest.str());
  return oldest;
}

}  // namespace balancefs
