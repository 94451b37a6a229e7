#include "fs/inode_table.h"

namespace balancefs {

InodeTable::InodeTable() {
  Inode& root = nodes_[kRoot];
  root.id = kRoot;
  root.lookups = 1;  // never given back
  current_[""] = kRoot;
}

Inode* InodeTable::find(std::uint64_t id) {
  const auto found = nodes_.find(id);
  return found == nodes_.end() ? nullptr : &found->second;
}

Inode* InodeTable::current(const Path& path) {
  const auto found = current_.find(path.str());
  return found == current_.end() ? nullptr : find(found->second);
}

Inode& InodeTable::make(const Path& path, ObjectType type) {
  Inode& node = nodes_[next_];
  node.id = next_++;
  node.path = path;
  node.type = type;
  current_[path.str()] = node.id;
  return node;
}

Inode& InodeTable::directory(const Path& path) {
  Inode* known = current(path);
  if (known != nullptr && known->type == ObjectType::directory) return *known;
  if (known != nullptr) outdate(*known);
  return make(path, ObjectType::directory);
}

Inode& InodeTable::file(const Path& path, const std::shared_ptr<Version>& version) {
  Inode* known = current(path);
  if (known != nullptr && known->version == version) return *known;
  if (known != nullptr) outdate(*known);
  Inode& node = make(path, ObjectType::file);
  node.version = version;
  return node;
}

void InodeTable::outdate(Inode& node) {
  node.outdated = true;
  const auto found = current_.find(node.path.str());
  if (found != current_.end() && found->second == node.id) current_.erase(found);
}

void InodeTable::forget(std::uint64_t id, std::uint64_t count) {
  Inode* node = find(id);
  if (node == nullptr || id == kRoot) return;
  node->lookups -= std::min(count, node->lookups);
  if (node->lookups > 0) return;
  outdate(*node);
  nodes_.erase(id);
}

}  // namespace balancefs
