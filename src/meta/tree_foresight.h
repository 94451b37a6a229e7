// Recognises programs that walk through a tree, and says which folders to list ahead of them.
//
// A walk is what lists two folders of one that was listed just before: `ls` of a folder, or a user who goes
// down a path, is none. A file manager that looks into the folders of a folder, to count what is in them, is
// one that goes no deeper, and neither does what is listed ahead of it. Several programs may walk at once;
// who asks is not known, so each walk has a root of its own and whoever asks for what it has in front of it
// is taken for it. Pure: `now` comes in, nothing is asked. Costs per listing are bounded.
#pragma once

#include <list>
#include <string>
#include <unordered_set>
#include <vector>

#include "meta/tree_walk.h"

namespace balancefs {

class TreeForesight {
 public:
  /// Folders that are listed ahead at once, for all walks together.
  static constexpr std::size_t kMostAtOnce = 16;
  static constexpr std::size_t kMostWalks = 8;

  explicit TreeForesight(const HeldTree& held) : held_(held) {}

  /// A program lists a folder.
  void asked(const Path& directory, TimePoint now);
  /// It has its answer; from then on `held` knows what is in it.
  void answered(const Path& directory, TimePoint now);
  /// What is to be listed ahead from now on, the most urgent first. Each has to be reported to ended().
  std::vector<Path> plan();
  /// A folder was listed ahead, was held as it is, or could not be listed.
  void ended(const Path& directory);

  std::size_t under_way() const { return under_way_.size(); }
  std::size_t walks() const { return walks_.size(); }

 private:
  /// A folder that was listed, perhaps the root of a walk to come.
  struct Look {
    Path directory;
    TimePoint last;
    std::string child;  ///< the folder in it that was listed after it; empty: none
    Look(Path at, TimePoint now) : directory(std::move(at)), last(now) {}
  };
  void forget(TimePoint now);
  TreeWalk* walk_that_expects(const Path& directory);
  Look* find_look(const Path& directory);
  void look_at(const Path& directory, TimePoint now);
  void keep_path(const Path& directory, TimePoint now);
  void recognise(Look& parent, const Path& directory, TimePoint now);

  const HeldTree& held_;
  std::list<Look> looks_;      ///< the youngest first
  std::list<TreeWalk> walks_;  ///< the youngest first
  std::unordered_set<std::string> under_way_;
};

}  // namespace balancefs
