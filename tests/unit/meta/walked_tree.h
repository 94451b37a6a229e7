// Trees and programs that walk through them, on a clock of their own, against a TreeForesight: which folders
// are asked for, by whom, and how often the program has to wait for one that nobody had asked for before.
#pragma once

#include <algorithm>
#include <chrono>
#include <deque>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "meta/tree_foresight.h"

namespace balancefs::test {

using Way = std::vector<Path>;

class WalkedTree final : public HeldTree {
 public:
  static Path path(std::string_view text) { return *Path::parse(text); }
  static std::string number(std::size_t i) {
    const std::string digits = std::to_string(i);
    return std::string(4 - digits.size(), '0') + digits;
  }
  void add(const Path& directory) {
    if (!children.try_emplace(directory).second || directory.is_root()) return;
    add(directory.parent());
    auto& beside = children[directory.parent()];
    beside.insert(std::upper_bound(beside.begin(), beside.end(), directory.name()),
                  std::string(directory.name()));
  }
  /// `width` folders in `at`, as many in each of them, `depth` levels of it.
  void add_levels(const Path& at, std::size_t width, std::size_t depth) {
    add(at);
    for (std::size_t i = 0; depth > 0 && i < width; ++i)
      add_levels(at.child("d" + number(i)), width, depth - 1);
  }
  void add_random(std::mt19937& random, std::size_t folders) {
    add(Path());
    std::vector<Path> all = {Path()};
    while (all.size() < folders) {
      const Path& parent = all[std::uniform_int_distribution<std::size_t>(0, all.size() - 1)(random)];
      all.push_back(parent.child("d" + number(all.size())));
      add(all.back());
    }
  }
  std::vector<std::string> subdirectories(const Path& directory) const override {
    return held.contains(directory) ? children.at(directory) : std::vector<std::string>();
  }

  Way deep_first(const Path& from = Path(), bool backwards = false) const {
    Way way = {from};
    std::vector<std::string> names = children.at(from);
    if (backwards) std::reverse(names.begin(), names.end());
    for (const std::string& name : names) {
      const Way below = deep_first(from.child(name), backwards);
      way.insert(way.end(), below.begin(), below.end());
    }
    return way;
  }
  Way level_by_level(const Path& from = Path()) const {
    Way way = {from};
    for (std::size_t i = 0; i < way.size(); ++i) {
      for (const std::string& name : children.at(Path(way[i]))) way.push_back(Path(way[i]).child(name));
    }
    return way;
  }
  /// Folders in any order, each after the one it is in.
  Way at_random(std::mt19937& random) const {
    Way way;
    Way open = {Path()};
    while (!open.empty()) {
      std::swap(open[std::uniform_int_distribution<std::size_t>(0, open.size() - 1)(random)], open.back());
      way.push_back(open.back());
      open.pop_back();
      for (const std::string& name : children.at(way.back())) open.push_back(way.back().child(name));
    }
    return way;
  }

  std::map<Path, std::vector<std::string>> children;
  std::set<Path> held;
};

/// Lists folders one after the other, each as soon as it has the one before.
class WalkingProgram {
 public:
  static constexpr Duration kRoundTrip = std::chrono::milliseconds(40);

  explicit WalkingProgram(WalkedTree& tree) : tree_(tree), foresight_(tree) {}

  void list(const Path& directory) {
    foresight_.asked(directory, now_);
    look_ahead();
    if (!tree_.held.contains(directory) && !ready_at_.contains(directory)) {
      ++misses;
      ask(directory);
      own_.insert(directory);
    }
    while (!tree_.held.contains(directory)) next_answer();
    foresight_.answered(directory, now_);
    look_ahead();
    now_ += std::chrono::microseconds(100);
  }
  void walk(const Way& way) {
    for (const Path& directory : way) list(directory);
  }
  void pause(Duration time) {
    const TimePoint until = now_ + time;
    while (!ready_at_.empty() && soonest()->second <= until) next_answer();
    now_ = until;
  }
  void finish() {
    while (!ready_at_.empty()) next_answer();
  }

  std::size_t requests() const { return asked_.size(); }
  std::size_t requests_of(const Path& directory) const { return asked_.count(directory); }
  TimePoint now() const { return now_; }
  const TreeForesight& foresight() const { return foresight_; }

  std::size_t misses = 0;  ///< folders that were not on their way when the program came to them
  std::size_t most_at_once = 0;

 private:
  std::map<Path, TimePoint>::iterator soonest() {
    return std::min_element(ready_at_.begin(), ready_at_.end(),
                            [](const auto& left, const auto& right) { return left.second < right.second; });
  }
  void ask(const Path& directory) {
    asked_.insert(directory);
    ready_at_.emplace(directory, now_ + kRoundTrip);
    most_at_once = std::max(most_at_once, ready_at_.size());
  }
  void look_ahead() {
    for (auto plan = foresight_.plan(); !plan.empty(); plan = foresight_.plan()) {
      for (const Path& directory : plan) {
        if (tree_.held.contains(directory) || own_.contains(directory)) {
          foresight_.ended(directory);
        } else {
          ask(directory);
        }
      }
    }
  }
  void next_answer() {
    const auto first = soonest();
    const Path directory = first->first;
    now_ = std::max(now_, first->second);
    ready_at_.erase(first);
    tree_.held.insert(directory);
    if (own_.erase(directory) == 0) foresight_.ended(directory);
    look_ahead();
  }

  WalkedTree& tree_;
  TreeForesight foresight_;
  TimePoint now_ = TimePoint(std::chrono::hours(1));
  std::map<Path, TimePoint> ready_at_;  ///< under way
  std::set<Path> own_;                  ///< of them, what the program itself asked for
  std::multiset<Path> asked_;
};

}  // namespace balancefs::test
