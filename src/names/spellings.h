// How one storage spells the names that are shown in NFC, folder by folder, as far as it was listed. Pure.
//
// Of names that are spelled in NFC nothing is kept but that their folder was listed. Bounded: the folder that
// was not used for the longest time is forgotten first, and learnt again when it matters.
#pragma once

#include <cstddef>
#include <list>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>

#include "balancefs/object.h"

namespace balancefs {

/// By the name that is shown: the one that the storage sent. Only those that differ.
using Spellings = std::map<std::string, std::string, std::less<>>;

class SpellingTable {
 public:
  /// 100 bytes for a folder and 150 for a name that differs: at most some 20 MB.
  static constexpr std::size_t kFolders = 50'000;
  static constexpr std::size_t kNames = 100'000;

  explicit SpellingTable(std::size_t folders = kFolders, std::size_t names = kNames)
      : most_folders_(folders), most_names_(names) {}

  /// What a whole listing of the folder told.
  void set(const Path& folder, Spellings spellings);
  bool knows(const Path& folder) const { return by_path_.contains(folder.str()); }
  /// The path as the storage spells it, where that is known; else as it is.
  Path spelled(const Path& path);
  /// The same of one name in a folder.
  std::string_view spelled_name(const Path& folder, std::string_view name);

 private:
  struct Folder {
    std::string path;
    Spellings spellings;
    Folder(std::string where, Spellings names) : path(std::move(where)), spellings(std::move(names)) {}
  };
  using Folders = std::list<Folder>;
  void forget(Folders::iterator folder);

  std::size_t most_folders_;
  std::size_t most_names_;
  std::size_t names_ = 0;
  Folders folders_;  ///< most recently used first
  std::unordered_map<std::string, Folders::iterator> by_path_;
};

}  // namespace balancefs
