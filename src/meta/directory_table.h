// The directories that are held, by path; the least recently used go first when there are too many.
//
// Never drops one that somebody uses: a flow waits on it or a request of it is under way. Loop thread.
#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>

#include "meta/directory_state.h"

namespace balancefs {

class DirectoryTable {
 public:
  /// A row is one entry of one member: 40 bytes and its text (rows.h), some 110 with a name of 40 bytes and
  /// an ETag of 30. At most some 220 MB: a million files on two members.
  static constexpr std::size_t kDirectories = 50'000;
  static constexpr std::size_t kRows = 2'000'000;

  DirectoryTable(std::size_t members, IdentityRule rule) : members_(members), rule_(rule) {}
  DirectoryTable(const DirectoryTable&) = delete;
  DirectoryTable& operator=(const DirectoryTable&) = delete;

  /// The directory's state, made when there is none; now the most recently used.
  std::shared_ptr<DirectoryState> use(const Path& directory);
  /// Null when nothing is held. Does not count as a use.
  std::shared_ptr<DirectoryState> peek(const Path& directory) const;
  /// To be called after a state took a listing: counts its rows anew.
  void recount(const DirectoryState& state);
  void wake_all();
  /// `tell` is called when a directory leaves memory that is unwritten().
  void when_unwritten_goes(std::function<void()> tell) { unwritten_goes_ = std::move(tell); }
  std::size_t size() const { return by_path_.size(); }
  template <class Visit>
  void for_each(Visit visit) const {
    for (const Slot& slot : slots_) visit(*slot.state);
  }
  /// For tests: other bounds.
  void set_bounds(std::size_t directories, std::size_t rows);

 private:
  struct Slot {
    std::shared_ptr<DirectoryState> state;
    std::size_t rows = 0;
    explicit Slot(std::shared_ptr<DirectoryState> held) : state(std::move(held)) {}
  };
  using Slots = std::list<Slot>;
  void evict();

  std::size_t members_;
  IdentityRule rule_;
  std::size_t most_directories_ = kDirectories;
  std::size_t most_rows_ = kRows;
  std::size_t rows_ = 0;
  std::function<void()> unwritten_goes_;
  Slots slots_;  ///< most recently used first
  std::unordered_map<std::string, Slots::iterator> by_path_;
};

}  // namespace balancefs
