// Which storage a path of the mount belongs to: the mount paths of all groups as one tree.
//
// Pure lookups over what the configuration says; built once, replaced as a whole. Directories that only mount
// paths provide are virtual. A mount path hides an entry of the same name in the storage above it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "balancefs/storage.h"
#include "meta/listing_cache.h"

namespace balancefs {

/// A group at its visible path. What it has of it lives for as long as `owner` does; without one, longer than
/// the tree.
struct MountPoint {
  Path path;
  Storage* group = nullptr;
  ListingCache* listing = nullptr;
  std::shared_ptr<const void> owner;

  MountPoint(Path visible, Storage& storage, ListingCache& cache,
             std::shared_ptr<const void> held_by = nullptr)
      : path(std::move(visible)), group(&storage), listing(&cache), owner(std::move(held_by)) {}
};

/// Whoever uses a group holds it, so that one that the configuration no longer has can go when the last has
/// left.
using MountPointer = std::shared_ptr<const MountPoint>;

/// A path of the mount as its group knows it.
struct Place {
  MountPointer mount;  ///< null: no storage covers the path
  Path relative;       ///< inside the group

  Place() = default;
};

class Tree {
 public:
  explicit Tree(std::vector<MountPointer> mounts);

  /// The group with the longest mount path that contains `path`.
  Place locate(const Path& path) const;
  /// Whether `path` is a mount path or lies above one: a directory whatever the storages say.
  bool is_fixed_directory(const Path& path) const;
  /// The names directly below `directory` that lead to mount paths, sorted, each once.
  std::vector<std::string> fixed_children(const Path& directory) const;
  const std::vector<MountPointer>& mounts() const { return mounts_; }

 private:
  std::vector<MountPointer> mounts_;  ///< longest path first
};

}  // namespace balancefs
