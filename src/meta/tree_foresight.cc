#include "meta/tree_foresight.h"

#include <algorithm>

namespace balancefs {
namespace {

/// Between two folders, from the answer for one to the question for the next: a program that has more to do
/// than that gains nothing, and people who open one folder after the other mostly take longer.
constexpr Duration kMoment = std::chrono::seconds(2);
/// A walk in which nothing was listed for so long has ended.
constexpr Duration kPause = std::chrono::seconds(5);
/// Folders that were listed lately, outside of any walk.
constexpr std::size_t kMostLooks = 32;

}  // namespace

void TreeForesight::asked(const Path& directory, TimePoint now) {
  forget(now);
  if (TreeWalk* walk = walk_that_expects(directory)) {
    walk->asked(directory, now);
    keep_path(walk->root(), now);
    if (Look* parent = find_look(directory.parent())) parent->child = directory.name();
    return;
  }
  look_at(directory, now);
  if (directory.is_root()) return;
  keep_path(directory.parent(), now);
  Look* parent = find_look(directory.parent());
  if (parent == nullptr) return;
  if (parent->child.empty()) parent->child = directory.name();
  if (parent->child != directory.name()) recognise(*parent, directory, now);
}

void TreeForesight::answered(const Path& directory, TimePoint now) {
  keep_path(directory, now);
  for (TreeWalk& walk : walks_) walk.answered(directory, now);
}

void TreeForesight::forget(TimePoint now) {
  std::erase_if(walks_, [&](const TreeWalk& walk) { return now - walk.last_step() > kPause; });
  std::erase_if(looks_, [&](const Look& look) { return now - look.last > kMoment; });
}

TreeWalk* TreeForesight::walk_that_expects(const Path& directory) {
  TreeWalk* found = nullptr;
  for (TreeWalk& walk : walks_) {
    if (walk.foresaw(directory)) return &walk;
    if (found == nullptr && walk.expects(directory)) found = &walk;
  }
  return found;
}

TreeForesight::Look* TreeForesight::find_look(const Path& directory) {
  const auto found = std::find_if(looks_.begin(), looks_.end(),
                                  [&](const Look& look) { return look.directory == directory; });
  return found == looks_.end() ? nullptr : &*found;
}

void TreeForesight::look_at(const Path& directory, TimePoint now) {
  std::erase_if(looks_, [&](const Look& look) { return look.directory == directory; });
  looks_.emplace_front(directory, now);
  if (looks_.size() > kMostLooks) looks_.pop_back();
}

/// A program below a folder may come back to it: what lies on its way is not forgotten meanwhile.
void TreeForesight::keep_path(const Path& directory, TimePoint now) {
  Path at = directory;
  for (Look* look = find_look(at); look != nullptr; look = find_look(at)) {
    look->last = now;
    if (at.is_root()) return;
    at = at.parent();
  }
}

/// Two folders in `parent` were listed after it: a walk, or one that comes up from the first of them.
void TreeForesight::recognise(Look& parent, const Path& directory, TimePoint now) {
  const Path first = parent.directory.child(parent.child);
  parent.child = directory.name();
  const bool known = std::any_of(walks_.begin(), walks_.end(), [&](const TreeWalk& walk) {
    return walk.root() == parent.directory && !walk.at_its_end();
  });
  if (known) return;  // it lists something again
  TreeWalk::Habit habit;
  const Look* first_look = find_look(first);
  const bool went_in = first_look == nullptr || !first_look->child.empty();
  if (!went_in) habit.level_by_level = !held_.subdirectories(first).empty();
  for (const Look& look : looks_) {
    if (look.directory.is_within(parent.directory))
      habit.deepest = std::max(habit.deepest, depth_of(look.directory));
  }
  for (auto walk = walks_.begin(); walk != walks_.end();) {
    const bool grows = walk->root().is_within(first);
    if (grows) {
      habit.level_by_level = walk->habit().level_by_level;
      habit.deepest = std::max(habit.deepest, walk->habit().deepest);
    }
    walk = grows ? walks_.erase(walk) : std::next(walk);
  }
  TreeWalk& walk = walks_.emplace_front(held_, parent.directory, first, directory, habit, now);
  if (walk.expects(directory)) {
    walk.asked(directory, now);
  } else {
    walks_.pop_front();
  }
  if (walks_.size() > kMostWalks) walks_.pop_back();
}

std::vector<Path> TreeForesight::plan() {
  std::vector<Path> paths;
  bool more = true;
  while (more) {
    more = false;
    for (TreeWalk& walk : walks_) {
      if (under_way_.size() == kMostAtOnce) return paths;
      std::optional<Path> path = walk.next();
      if (!path) continue;
      more = true;
      // Two programs may have the same folder in front of them.
      if (under_way_.insert(path->str()).second) paths.push_back(std::move(*path));
    }
  }
  return paths;
}

void TreeForesight::ended(const Path& directory) {
  under_way_.erase(directory.str());
  for (TreeWalk& walk : walks_) walk.ended(directory);
}

}  // namespace balancefs
