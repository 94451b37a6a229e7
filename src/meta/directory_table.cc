#include "meta/directory_table.h"

namespace balancefs {
namespace {

/// How many of the oldest are looked at for one that nobody uses: bounds what one call costs.
constexpr int kMostTries = 16;

bool in_use(const std::shared_ptr<DirectoryState>& state) {
  return state.use_count() > 1 || !state->fetch.expired() || !state->changed.empty();
}

}  // namespace

std::shared_ptr<DirectoryState> DirectoryTable::use(const Path& directory) {
  const auto found = by_path_.find(directory.str());
  if (found != by_path_.end()) {
    slots_.splice(slots_.begin(), slots_, found->second);
    return slots_.front().state;
  }
  auto state = std::make_shared<DirectoryState>(directory, members_, rule_);
  slots_.emplace_front(state);
  by_path_.emplace(directory.str(), slots_.begin());
  evict();
  return state;
}

std::shared_ptr<DirectoryState> DirectoryTable::peek(const Path& directory) const {
  const auto found = by_path_.find(directory.str());
  return found == by_path_.end() ? nullptr : found->second->state;
}

void DirectoryTable::recount(const DirectoryState& state) {
  const auto found = by_path_.find(state.path().str());
  if (found == by_path_.end()) return;
  Slot& slot = *found->second;
  rows_ -= slot.rows;
  slot.rows = state.rows();
  rows_ += slot.rows;
  evict();
}

void DirectoryTable::wake_all() {
  for (const Slot& slot : slots_) slot.state->changed.wake_all();
}

void DirectoryTable::set_bounds(std::size_t directories, std::size_t rows) {
  most_directories_ = directories;
  most_rows_ = rows;
  evict();
}

void DirectoryTable::evict() {
  for (int tries = 0; tries < kMostTries; ++tries) {
    if (slots_.size() <= 1 || (slots_.size() <= most_directories_ && rows_ <= most_rows_)) return;
    const auto oldest = std::prev(slots_.end());
    if (in_use(oldest->state)) {
      slots_.splice(slots_.begin(), slots_, oldest);
      continue;
    }
    if (unwritten_goes_ && oldest->state->unwritten()) unwritten_goes_();
    rows_ -= oldest->rows;
    by_path_.erase(oldest->state->path().str());
    slots_.erase(oldest);
  }
}

}  // namespace balancefs
