// One program's way through a tree: which folders it has not listed yet, in the order in which it will.
//
// Keeps what it has in front of it as one list in the order of a walk that goes deep first, and where in it
// the program stands; learns from each step whether it goes deep or level by level, onwards or backwards, and
// how far down. Names what to list ahead: the next `window` folders that the program will come to, none
// deeper than it has gone itself. Pure: `now` comes in, nothing is asked.
#pragma once

#include <cstddef>
#include <list>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "balancefs/object.h"

namespace balancefs {

/// What is known of the tree.
class HeldTree {
 public:
  virtual ~HeldTree() = default;
  /// Names of the folders in a folder, in the order of readdir(); none where nothing is held of it.
  virtual std::vector<std::string> subdirectories(const Path& directory) const = 0;
};

/// Components of a path.
std::size_t depth_of(const Path& path);

class TreeWalk {
 public:
  static constexpr std::size_t kFirstWindow = 2;
  /// At 40 ms a round trip: 400 folders a second, and as many connections at most.
  static constexpr std::size_t kMostWindow = 16;
  /// Folders in front of one program that are remembered; some 5 MB of names.
  static constexpr std::size_t kMostKnown = 20'000;

  /// How the program went so far.
  struct Habit {
    std::size_t deepest = 0;      ///< depth_of() what it listed
    bool level_by_level = false;  ///< folders beside each other before those in them
    Habit() = default;
  };

  /// `root` was listed, then `first` in it; asked() of another one in it follows.
  TreeWalk(const HeldTree& held, Path root, const Path& first, const Path& second, Habit habit,
           TimePoint now);
  TreeWalk(const TreeWalk&) = delete;
  TreeWalk& operator=(const TreeWalk&) = delete;

  const Path& root() const { return root_; }
  const Habit& habit() const { return habit_; }
  TimePoint last_step() const { return last_step_; }
  /// Nothing known is left in front of it.
  bool at_its_end() const { return folders_.empty(); }
  /// Whether the program has the folder in front of it.
  bool expects(const Path& directory) const { return index_.contains(directory.str()); }
  /// Whether it was named by next().
  bool foresaw(const Path& directory) const;

  /// The program lists a folder that is expected.
  void asked(const Path& directory, TimePoint now);
  /// It has its answer: what is in the folder is known. Of others nothing happens.
  void answered(const Path& directory, TimePoint now);
  /// The next folder to list ahead; each has to be reported to ended().
  std::optional<Path> next();
  /// A folder was listed ahead, or could not be. Of others nothing happens.
  void ended(const Path& directory);

  std::size_t window() const { return window_; }

 private:
  enum class State : std::uint8_t {
    known,      ///< not asked for
    under_way,  ///< is being listed ahead
    ready,      ///< was listed ahead
    passed,     ///< listed ahead, but the program went on behind it
  };
  struct Folder {
    Path path;
    State state = State::known;
    std::optional<std::size_t> children;  ///< how many were put into the list; nothing: not yet
    explicit Folder(Path at) : path(std::move(at)) {}
    bool foreseen() const { return state == State::under_way || state == State::ready; }
  };
  using Folders = std::list<Folder>;
  using At = Folders::iterator;

  /// The folder in front of the program, and the one behind `at` in its direction; end() behind the last.
  At first();
  At following(At at);
  void learn_habit(const Path& directory);
  void step_to(At at);
  bool lies_ahead(At at);
  void pass_over(At until);
  std::size_t put_children(const Path& parent, At before);

  const HeldTree& held_;
  Path root_;
  Habit habit_;
  TimePoint last_step_;
  Folders folders_;  ///< deep first; level by level what lies deeper comes at the end
  At gap_;           ///< the program stands before this one
  bool backwards_ = false;
  std::unordered_map<std::string, At> index_;
  std::unordered_set<std::string> unanswered_;  ///< asked for, and their children not known yet
  Path last_;                                   ///< the folder that the program listed last
  std::size_t last_children_ = 0;               ///< in the list, none of them listed yet
  std::size_t window_ = kFirstWindow;
  std::size_t foreseen_ = 0;   ///< folders under way or ready
  std::size_t came_true_ = 0;  ///< folders that were foreseen and listed
  std::size_t in_vain_ = 0;    ///< folders that were foreseen and passed over
};

}  // namespace balancefs
