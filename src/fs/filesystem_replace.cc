// Other mount paths, or other groups behind them, while programs use the mount.
#include <map>
#include <utility>

#include "fs/filesystem.h"

namespace balancefs {

void Filesystem::replace(Tree tree) {
  const Tree before = std::exchange(tree_, std::move(tree));
  ++generation_;
  const auto changed_kind = [&](const Path& path) {
    return before.is_fixed_directory(path) != tree_.is_fixed_directory(path);
  };
  const auto changed = [&](const Path& path) {
    return changed_kind(path) || before.locate(path).mount != tree_.locate(path).mount;
  };
  // A file that was opened stands for a version of one group; one that was not is whatever the next lookup or
  // open finds. A directory's node is good for any: programs may stand in it, so that it is looked up again,
  // and taken away only where the path is made by mount paths or no longer so.
  std::vector<Inode*> files;
  std::vector<std::pair<Path, ObjectType>> directories;
  std::map<std::uint64_t, std::vector<std::string_view>> gone;  // by directory
  inodes_.for_each_current([&](Inode& node) {
    const Path path = inodes_.path(node);
    if (path.is_root() || !changed(path)) return;
    if (node.type() == ObjectType::file) {
      if (inodes_.version(node) != nullptr || changed_kind(path)) files.push_back(&node);
    } else if (!changed_kind(path)) {
      if (!tree_.is_fixed_directory(path)) directories.emplace_back(path, node.type());
      return;
    }
    gone[inodes_.parent(node).id()].push_back(node.name());
  });
  for (Inode* file : files) inodes_.outdate(*file);
  absent_names_.take(changed, [&](const Path& path) { expire(path, ObjectType::file); });
  if (notifier_ == nullptr) return;
  for (const auto& [parent, names] : gone) notifier_->invalidate_entries(parent, names);
  for (const auto& [path, type] : directories) expire(path, type);
}

}  // namespace balancefs
