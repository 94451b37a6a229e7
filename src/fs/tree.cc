#include "fs/tree.h"

namespace balancefs {
namespace {

std::string_view below(const Path& path, const Path& ancestor) {
  std::string_view rest = path.str();
  if (ancestor.is_root()) return rest;
  rest.remove_prefix(std::min(ancestor.str().size() + 1, rest.size()));
  return rest;
}

}  // namespace

Tree::Tree(std::vector<MountPointer> mounts) : mounts_(std::move(mounts)) {
  const auto longer = [](const MountPointer& a, const MountPointer& b) {
    return a->path.str().size() > b->path.str().size();
  };
  std::stable_sort(mounts_.begin(), mounts_.end(), longer);
}

Place Tree::locate(const Path& path) const {
  Place place;
  for (const MountPointer& mount : mounts_) {
    if (!path.is_within(mount->path)) continue;
    place.mount = mount;
    place.relative = *Path::parse(below(path, mount->path));
    break;
  }
  return place;
}

bool Tree::is_fixed_directory(const Path& path) const {
  if (path.is_root()) return true;
  const auto leads_here = [&](const MountPointer& mount) { return mount->path.is_within(path); };
  return std::any_of(mounts_.begin(), mounts_.end(), leads_here);
}

std::vector<std::string> Tree::fixed_children(const Path& directory) const {
  std::set<std::string> names;
  for (const MountPointer& mount : mounts_) {
    if (mount->path == directory || !mount->path.is_within(directory)) continue;
    const std::string_view rest = below(mount->path, directory);
    names.emplace(rest.substr(0, rest.find('/')));
  }
  return std::vector<std::string>(names.begin(), names.end());
}

}  // namespace balancefs
