// Which storage a path of the mount belongs to: the mount paths of all groups as one tree.
//
// Pure lookups over what the configuration says; built once, never changed. Directories that only mount paths
// provide are virtual. A mount path hides an entry of the same name in the storage above it.
#pragma once

#include <string>
#include <vector>

#include "balancefs/storage.h"
#include "meta/listing_cache.h"

namespace balancefs {

/// A group at its visible path. The group and the cache outlive the tree.
struct MountPoint {
  Path path;
  Storage* group = nullptr;
  ListingCache* listing = nullptr;

  MountPoint(Path visible, Storage& storage, ListingCache& cache)
      : path(std::move(visible)), group(&storage), listing(&cache) {}
};

/// A path of the mount as its group knows it.
struct Place {
  const MountPoint* mount = nullptr;  ///< null: no storage covers the path
  Path relative;                      ///< inside the group

  Place() = default;
};

class Tree {
 public:
  explicit Tree(std::vector<MountPoint> mounts);

  /// The group with the longest mount path that contains `path`.
  Place locate(const Path& path) const;
  /// Whether `path` is a mount path or lies above one: a directory whatever the storages say.
  bool is_fixed_directory(const Path& path) const;
  /// The names directly below `directory` that lead to mount paths, sorted, each once.
  std::vector<std::string> fixed_children(const Path& directory) const;
  const std::vector<MountPoint>& mounts() const { return mounts_; }

 private:
  std::vector<MountPoint> mounts_;  ///< longest path first
};

}  // namespace balancefs
