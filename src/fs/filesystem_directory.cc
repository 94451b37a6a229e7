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

/// "." and "..".
constexpr std::uint64_t kDots = 2;

bool is_shown(const DirectoryHandle& directory, std::string_view name) {
  if (name.size() > kLongestName) return false;
  // A mount path hides an entry of the same name in the storage above it.
  return !std::binary_search(directory.fixed.begin(), directory.fixed.end(), name);
}

void report_long_names(const DirectoryHandle& directory) {
  for (std::size_t i = 0; directory.listing != nullptr && i < directory.listing->size(); ++i) {
    const std::size_t length = directory.listing->name(i).size();
    if (length <= kLongestName) continue;
    log_warning("readdir /{}: a name of {} bytes left out", directory.path.str(), length);
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
  directory->place = place;
  directory->fixed = tree_.fixed_children(directory->path);
  directory->listing = std::move(listing);
  directory->loaded = true;
  report_long_names(*directory);
  co_return FsResult<void>();
}

// An offset says how many lines come before it: the dots, then what mount paths make, then the snapshot.
// Lines that are not shown keep their number, so nothing has to be written down to find a place again.
std::optional<DirectoryItem> Filesystem::item(std::uint64_t handle, std::uint64_t offset) const {
  const auto directory = handles_.directory(handle);
  if (directory == nullptr) return std::nullopt;
  if (offset < kDots) return DirectoryItem(offset == 0 ? "." : "..", offset + 1);
  const std::uint64_t before = kDots + directory->fixed.size();
  if (offset < before) return DirectoryItem(directory->fixed[offset - kDots], offset + 1);
  const std::uint64_t count = directory->listing == nullptr ? 0 : directory->listing->size();
  for (std::uint64_t index = offset - before; index < count; ++index) {
    const std::string_view name = directory->listing->name(index);
    if (!is_shown(*directory, name)) continue;
    DirectoryItem found(name, before + index + 1);
    found.type = directory->listing->info(index).type;
    found.index = index;
    return found;
  }
  return std::nullopt;
}

EntryReply Filesystem::take_entry(std::uint64_t handle, const DirectoryItem& item) {
  EntryReply reply;
  const auto directory = handles_.directory(handle);
  if (directory == nullptr) return reply;
  const Path path = directory->path.child(item.name);
  if (item.is_fixed()) {
    Inode& node = inodes_.directory(path);
    inodes_.add_lookup(node);
    reply.node = node.id;
    reply.attributes = attributes_.directory(path, nullptr);
    reply.valid_for = std::chrono::hours(1);
    return reply;
  }
  const DirectoryEntry entry = directory->listing->entry(item.index);
  reply.attributes = attributes_of(path, &entry.info, item.type);
  // A rounded or missing size must not reach a program's stat(): the lookup that follows makes it exact.
  if (item.type == ObjectType::file && entry.info.size_kind != SizeKind::exact) return reply;
  // The snapshot may be older than what a lookup has told since: the kernel must not go back to it.
  Place place = directory->place;
  const ListingCache& cache = *place.mount->listing;
  if (!cache.still_lists(place.relative, *directory->listing, item.index)) return reply;
  reply.valid_for = cache.fresh_for(place.relative);
  place.relative = place.relative.child(item.name);
  Inode& node = node_for(path, place, entry);
  inodes_.add_lookup(node);
  reply.node = node.id;
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
