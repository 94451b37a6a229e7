#include "meta/tree_walk.h"

#include <algorithm>
#include <utility>

namespace balancefs {
namespace {

/// How far from where a program stands its next folder is looked for: what bounds the cost of a step.
constexpr std::size_t kReach = 64;
/// Folders that next() looks at for one that is worth listing.
constexpr std::size_t kMostLooks = 256;
/// Folders foreseen in vain beyond those that came true, before the program is given up: it leaves out what
/// we cannot know (`find -prune`).
constexpr std::size_t kMostInVain = 8;
/// What is foreseen in all, in windows: the folders of a folder that was listed ahead come before those
/// beside it, which may be foreseen already.
constexpr std::size_t kMostWindows = 4;
/// Answers that are waited for at once by one program; more were forgotten by it.
constexpr std::size_t kMostUnanswered = 256;

}  // namespace

std::size_t depth_of(const Path& path) {
  if (path.is_root()) return 0;
  return 1 + static_cast<std::size_t>(std::count(path.str().begin(), path.str().end(), '/'));
}

TreeWalk::TreeWalk(const HeldTree& held, Path root, const Path& first, const Path& second, Habit habit,
                   TimePoint now)
    : held_(held),
      root_(std::move(root)),
      habit_(habit),
      last_step_(now),
      gap_(folders_.end()),
      last_(first) {
  put_children(root_, folders_.end());
  const auto was_first = index_.find(first.str());
  if (was_first == index_.end()) return;
  for (At at = folders_.begin(); at != was_first->second; ++at) {
    if (at->path == second) backwards_ = true;
  }
  gap_ = folders_.erase(was_first->second);
  index_.erase(was_first);
  if (habit_.level_by_level) put_children(first, folders_.end());
}

bool TreeWalk::foresaw(const Path& directory) const {
  const auto found = index_.find(directory.str());
  return found != index_.end() && found->second->state != State::known;
}

TreeWalk::At TreeWalk::first() {
  if (!backwards_) return gap_;
  return gap_ == folders_.begin() ? folders_.end() : std::prev(gap_);
}

TreeWalk::At TreeWalk::following(At at) {
  if (!backwards_) return std::next(at);
  return at == folders_.begin() ? folders_.end() : std::prev(at);
}

// ---- the program's steps --------------------------------------------------------------------------------

void TreeWalk::asked(const Path& directory, TimePoint now) {
  const At at = index_.at(directory.str());
  last_step_ = now;
  habit_.deepest = std::max(habit_.deepest, depth_of(directory));
  // Foreseen, and still too late: further ahead then.
  if (at->state == State::under_way) window_ = std::min(2 * window_, kMostWindow);
  if (at->foreseen()) --foreseen_;
  if (at->state == State::passed) --in_vain_;
  if (at->state != State::known) ++came_true_;
  learn_habit(directory);
  const std::optional<std::size_t> children = at->children;
  step_to(at);
  last_ = directory;
  last_children_ = children.value_or(0);
  if (children) return;
  if (unanswered_.size() == kMostUnanswered) unanswered_.clear();
  unanswered_.insert(directory.str());
}

/// Whether the program goes into the folder that it has just listed, or on beside it.
void TreeWalk::learn_habit(const Path& directory) {
  if (directory.parent() == last_) {
    habit_.level_by_level = false;
  } else if (last_children_ > 0 && !habit_.level_by_level) {
    habit_.level_by_level = true;
    if (backwards_) return;
    At end = gap_;
    while (end != folders_.end() && end->path.is_within(last_)) ++end;
    const At begin = std::exchange(gap_, end);
    folders_.splice(folders_.end(), folders_, begin, end);
    if (gap_ == folders_.end() && begin != end) gap_ = begin;
  }
}

/// Where the program stands after it listed `at`, which leaves the list.
void TreeWalk::step_to(At at) {
  index_.erase(at->path.str());
  At behind = gap_;
  if (!backwards_) behind = gap_ == folders_.begin() ? folders_.end() : std::prev(gap_);
  if (lies_ahead(at)) {
    pass_over(at);
    gap_ = folders_.erase(at);
  } else if (at->state != State::known) {
    // It lists several at once, or comes back to what it left out: it stands where it stood.
    if (gap_ == at) ++gap_;
    folders_.erase(at);
  } else if (behind == at) {
    backwards_ = !backwards_;
    gap_ = folders_.erase(at);
  } else {
    pass_over(folders_.end());
    gap_ = folders_.erase(at);
  }
}

bool TreeWalk::lies_ahead(At wanted) {
  At at = first();
  for (std::size_t looks = 0; looks < kReach && at != folders_.end(); ++looks) {
    if (at == wanted) return true;
    at = following(at);
  }
  return false;
}

/// What was foreseen between the program and `until`, or within reach, does not come true now.
void TreeWalk::pass_over(At until) {
  At at = first();
  for (std::size_t looks = 0; looks < kReach && at != until && at != folders_.end(); ++looks) {
    if (at->foreseen()) {
      at->state = State::passed;
      --foreseen_;
      ++in_vain_;
      if (window_ > kFirstWindow) --window_;
    }
    at = following(at);
  }
}

void TreeWalk::answered(const Path& directory, TimePoint now) {
  if (unanswered_.erase(directory.str()) == 0) return;
  last_step_ = now;
  const std::size_t count = put_children(directory, habit_.level_by_level ? folders_.end() : gap_);
  if (directory == last_) last_children_ = count;
}

// ---- what to list ahead ---------------------------------------------------------------------------------

std::optional<Path> TreeWalk::next() {
  if (foreseen_ >= kMostWindows * window_ || in_vain_ > came_true_ + kMostInVain) return std::nullopt;
  At at = first();
  std::size_t nearer = 0;
  for (std::size_t looks = std::min(folders_.size(), kMostLooks); looks > 0; --looks) {
    // Behind the last one come those that it left out.
    if (at == folders_.end()) at = backwards_ ? std::prev(at) : folders_.begin();
    if (at->state == State::known && depth_of(at->path) <= habit_.deepest) {
      at->state = State::under_way;
      ++foreseen_;
      return at->path;
    }
    if (at->foreseen() && ++nearer == window_) return std::nullopt;
    at = following(at);
  }
  return std::nullopt;
}

void TreeWalk::ended(const Path& directory) {
  const auto found = index_.find(directory.str());
  if (found == index_.end()) return;
  const At at = found->second;
  if (at->state == State::under_way) at->state = State::ready;
  const bool goes_on_below = !habit_.level_by_level && depth_of(directory) < habit_.deepest;
  if (at->state == State::ready && !at->children && goes_on_below)
    at->children = put_children(directory, backwards_ ? at : std::next(at));
}

/// Puts a folder's folders into the list; how many there were.
std::size_t TreeWalk::put_children(const Path& parent, At before) {
  const bool in_front = before == gap_ && !backwards_;
  std::size_t count = 0;
  for (const std::string& name : held_.subdirectories(parent)) {
    Path path = parent.child(name);
    if (index_.contains(path.str()) || folders_.size() == kMostKnown) continue;
    const At at = folders_.emplace(before, std::move(path));
    index_.emplace(at->path.str(), at);
    if (in_front && count == 0) gap_ = at;
    ++count;
  }
  return count;
}

}  // namespace balancefs
