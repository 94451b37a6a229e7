// Refresh: what is known of a path is asked for anew, by us and by the kernel.
#include "fs/filesystem.h"

namespace balancefs {
namespace {

Path joined(const Path& mount, const Path& relative) {
  return *Path::parse(mount.str() + "/" + relative.str());
}

}  // namespace

RefreshReport Filesystem::refresh(const Path& path, bool recursive) {
  RefreshReport report;
  report.folder = path;
  const Place place = tree_.locate(path);
  const bool fixed = tree_.is_fixed_directory(path);
  if (place.mount != nullptr) {
    const Refreshed done = place.mount->listing->refresh(place.relative, recursive);
    if (!fixed) report.folder = joined(place.mount->path, done.folder);
    report.listings += done.listings;
    ++report.groups;
  }
  for (const MountPointer& mount : tree_.mounts()) {
    if (!recursive || mount == place.mount || !mount->path.is_within(path)) continue;
    report.listings += mount->listing->refresh(Path(), true).listings;
    ++report.groups;
  }
  const auto covered = [&](const Path& name) {
    if (name.is_root()) return false;
    return name == path || name == report.folder || name.parent() == report.folder ||
           (recursive && name.is_within(path));
  };
  inodes_.for_each_current([&](const Inode& node) {
    const Path name = inodes_.path(node);
    if (covered(name) && !tree_.is_fixed_directory(name)) expire(name, node.type());
  });
  absent_names_.take(covered, [&](const Path& name) { expire(name, ObjectType::file); });
  return report;
}

void Filesystem::expire(const Path& path, ObjectType type) {
  const Inode* parent = inodes_.current(path.parent());
  if (parent == nullptr || notifier_ == nullptr) return;
  notifier_->expire_entry(parent->id(), std::string(path.name()), type);
}

Task<bool> Filesystem::kernel_told(Clock& clock, TimePoint deadline) {
  if (notifier_ == nullptr) co_return true;
  co_return co_await notifier_->told(clock, deadline);
}

}  // namespace balancefs
