// The names that the kernel was told to answer "no such file" for by itself.
//
// It keeps such answers for as long as a listing is fresh, and cannot be asked which it keeps: a refresh has
// to name each. Bounded: when there are too many the oldest goes, and the kernel has to be told. Loop thread.
#pragma once

#include <cstddef>
#include <list>
#include <optional>
#include <string>
#include <unordered_map>

#include "balancefs/object.h"

namespace balancefs {

class AbsentNames {
 public:
  /// About 200 bytes each: at most some 3 MB.
  static constexpr std::size_t kMost = 16'384;

  explicit AbsentNames(std::size_t most = kMost) : most_(most) {}

  /// The name that has to go for this one, where there is one.
  std::optional<Path> add(const Path& path);
  /// Takes out the names that `wanted` is true of, and calls `visit` with each.
  template <class Wanted, class Visit>
  void take(Wanted wanted, Visit visit) {
    for (auto name = names_.begin(); name != names_.end();) {
      const auto here = name++;
      if (!wanted(*here)) continue;
      visit(*here);
      by_path_.erase(here->str());
      names_.erase(here);
    }
  }
  std::size_t size() const { return names_.size(); }

 private:
  std::size_t most_;
  std::list<Path> names_;  ///< the oldest first
  std::unordered_map<std::string, std::list<Path>::iterator> by_path_;
};

}  // namespace balancefs
