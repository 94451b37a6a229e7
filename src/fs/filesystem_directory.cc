// Directories: opendir, readdir, readdirplus.
#include "base/log.h"
#include "fs/filesystem.h"

namespace balancefs {

FsResult<std::uint64_t> Filesystem::opendir(std::uint64_t id) {
  const Inode* node = inodes_.find(id);
  if (node == nullptr) return refuse(ESTALE);
  if (node->type != ObjectType::directory) return refuse(ENOTDIR);
  auto directory = std::make_shared<DirectoryHandle>();
  directory->node = id;
  directory->path = node->path;
  return handles_.add(std::move(directory));
}

Task<FsResult<void>> Filesystem::prepare_directory(std::uint64_t handle, std::uint64_t offset) {
  const auto directory = handles_.directory(handle);
  if (directory == nullptr) co_return refuse(EBADF);
  if (directory->loaded && offset > 0) co_return FsResult<void>();
  co_return co_await load(handle);
}

namespace {

/// FUSE_NAME_MAX of kernels before 6.16. One longer name makes the kernel refuse the page it stands on, and
/// one that does not fit into a page would look like the end of the folder.
constexpr std::size_t kLongestName = 1024;

void fill_items(DirectoryHandle& directory) {
  directory.items.clear();
  directory.items.emplace_back(".", ObjectType::directory, nullptr);
  directory.items.emplace_back("..", ObjectType::directory, nullptr);
  for (const std::string& name : directory.fixed) {
    directory.items.emplace_back(name, ObjectType::directory, nullptr);
  }
  if (directory.listing == nullptr) return;
  for (const DirectoryEntry& entry : directory.listing->entries()) {
    // A mount path hides an entry of the same name in the storage above it.
    if (std::binary_search(directory.fixed.begin(), directory.fixed.end(), entry.name)) continue;
    if (entry.name.size() > kLongestName) {
      log_warning("readdir /{}: a name of {} bytes left out", directory.path.str(), entry.name.size());
      continue;
    }
    directory.items.emplace_back(entry.name, entry.info.type, &entry);
  }
}

}  // namespace

Task<FsResult<void>> Filesystem::load(std::uint64_t handle) {
  const auto directory = handles_.directory(handle);
  const Place place = tree_.locate(directory->path);
  std::shared_ptr<const Directory> listing;
  if (place.mount != nullptr) {
    const auto listed = co_await place.mount->listing->list(place.relative);
    const bool is_virtual_only = !listed && listed.error().kind == ErrorKind::not_found &&
                                 tree_.is_fixed_directory(directory->path) && !place.relative.is_root();
    if (!listed && !is_virtual_only) {
      const FsError error = metadata_error(listed.error());
      if (!error.text.empty()) log_warning("readdir /{}: {}", directory->path.str(), error.text);
      co_return std::unexpected<FsError>(error);
    }
    if (listed) listing = *listed;
  }
  directory->fixed = tree_.fixed_children(directory->path);
  directory->listing = std::move(listing);
  directory->loaded = true;
  fill_items(*directory);
  co_return FsResult<void>();
}

const std::vector<DirectoryItem>* Filesystem::items(std::uint64_t handle) const {
  const auto directory = handles_.directory(handle);
  return directory == nullptr ? nullptr : &directory->items;
}

EntryReply Filesystem::take_entry(std::uint64_t handle, const DirectoryItem& item) {
  EntryReply reply;
  const auto directory = handles_.directory(handle);
  if (directory == nullptr) return reply;
  const Path path = directory->path.child(item.name);
  const Place place = tree_.locate(path);
  if (item.entry == nullptr) {
    Inode& node = inodes_.directory(path);
    inodes_.add_lookup(node);
    reply.node = node.id;
    reply.attributes = attributes_.directory(path, nullptr);
    reply.valid_for = std::chrono::hours(1);
    return reply;
  }
  reply.attributes = attributes_of(path, &item.entry->info, item.type);
  // A rounded or missing size must not reach a program's stat(): the lookup that follows makes it exact.
  if (item.type == ObjectType::file && item.entry->info.size_kind != SizeKind::exact) return reply;
  // The snapshot may be older than what a lookup has told since: the kernel must not go back to it.
  if (!place.mount->listing->still_lists(place.relative.parent(), *item.entry)) return reply;
  Inode& node = node_for(path, place, *item.entry);
  inodes_.add_lookup(node);
  reply.node = node.id;
  reply.valid_for = place.mount->listing->fresh_for(place.relative.parent());
  return reply;
}

std::uint64_t Filesystem::item_ino(std::uint64_t handle, const DirectoryItem& item) const {
  const auto directory = handles_.directory(handle);
  if (directory == nullptr) return 0;
  if (item.name == ".") return inode_number(directory->path);
  if (item.name == "..") return inode_number(directory->path.parent());
  return inode_number(directory->path.child(item.name));
}

void Filesystem::releasedir(std::uint64_t handle) {
  handles_.remove_directory(handle);
}

}  // namespace balancefs
