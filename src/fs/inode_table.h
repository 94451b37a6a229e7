// The kernel's node ids: what each stands for, and how long.
//
// A directory keeps its node id for as long as the kernel remembers it. A file's node id stands for one
// version: another version of the same path gets a new id (same st_ino), and the old node is outdated, so
// that an old handle and a new one never share pages of the kernel's cache. Ids are a counter and never come
// again. A node lives while the kernel's lookup count is above zero. Loop thread.
#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>

#include "balancefs/version.h"

namespace balancefs {

struct Inode {
  std::uint64_t id = 0;
  Path path;
  ObjectType type = ObjectType::directory;
  std::uint64_t lookups = 0;         ///< the kernel's references
  std::shared_ptr<Version> version;  ///< files
  bool outdated = false;             ///< another version has taken the path

  Inode() = default;
};

class InodeTable {
 public:
  static constexpr std::uint64_t kRoot = 1;  // FUSE_ROOT_ID

  InodeTable();
  /// Null when the kernel never got that id, or has forgotten it.
  Inode* find(std::uint64_t id);
  /// The node that stands for the path now; null when the kernel knows none.
  Inode* current(const Path& path);
  /// The directory's node, made when there is none. A file's node at that path becomes outdated.
  Inode& directory(const Path& path);
  /// The node of a version; the path's earlier node becomes outdated unless it is this version's.
  Inode& file(const Path& path, const std::shared_ptr<Version>& version);
  /// The path no longer leads to the node: its handles go on, opening it again answers ESTALE.
  void outdate(Inode& node);
  void add_lookup(Inode& node) { ++node.lookups; }
  /// The kernel gives back `count` references.
  void forget(std::uint64_t id, std::uint64_t count);
  std::size_t size() const { return nodes_.size(); }
  /// Every node that stands for a path now.
  template <class Visit>
  void for_each_current(Visit visit) const {
    for (const auto& [path, id] : current_) visit(nodes_.at(id));
  }

 private:
  Inode& make(const Path& path, ObjectType type);

  std::unordered_map<std::uint64_t, Inode> nodes_;
  std::unordered_map<std::string, std::uint64_t> current_;  ///< by path
  std::uint64_t next_ = kRoot + 1;
};

}  // namespace balancefs
