// Directories: opendir, readdir, readdirplus.
#include "base/log.h"
#include "fs/filesystem.h"

namespace balancefs {

FsResult<std::uint64_t> Filesystem::opendir(std::uint64_t id) {
  const Inode* node = inodes_.find(id);
  if (node == nullptr) return refuse(ESTALE);
  if (node->type() != ObjectType::directory) return refuse(ENOTDIR);
  auto directory = std::make_shared<DirectoryHandle>();
  directory->node = id;
  directory->path = inodes_.path(*node);
  return handles_.add(std::move(directory));
}

namespace {

/// FUSE_NAME_MAX of kernels before 6.16. One longer name makes the kernel refuse the page it stands on, and
/// one that does not fit into a page would look like the end of the folder.
constexpr std::size_t kLongestName = 1024;

/// "." and "..".
constexpr std::uint64_t kDots = 2;

// An offset says how many lines come before it: the dots, what mount paths make, what was handed out while
// the listing arrived, then the listing. Lines that are not shown keep their number, so nothing has to be
// written down to find a place again.
std::uint64_t first_of_arriving(const DirectoryHandle& directory) {
  return kDots + directory.fixed.size();
}
std::uint64_t first_of_listing(const DirectoryHandle& directory) {
  return first_of_arriving(directory) + directory.first.size();
}

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

Task<FsResult<void>> Filesystem::prepare_directory(std::uint64_t handle, std::uint64_t offset) {
  const auto directory = handles_.directory(handle);
  if (directory == nullptr) co_return refuse(EBADF);
  if (!directory->loaded || offset == 0) co_return co_await load(directory);
  if (directory->arriving && offset >= first_of_listing(*directory)) co_return co_await complete(directory);
  co_return FsResult<void>();
}

Task<FsResult<void>> Filesystem::load(std::shared_ptr<DirectoryHandle> directory) {
  const std::uint64_t asked = generation_;
  const Place place = tree_.locate(directory->path);
  Beginning begun;
  if (place.mount != nullptr) {
    Result<Beginning> listed = co_await place.mount->listing->begin(place.relative);
    if (asked != generation_) co_return co_await load(std::move(directory));
    const bool is_virtual_only = !listed && listed.error().kind == ErrorKind::not_found &&
                                 tree_.is_fixed_directory(directory->path) && !place.relative.is_root();
    if (!listed && !is_virtual_only) {
      const FsError error = metadata_error(listed.error());
      if (!error.text.empty())
        log_failure(LogLevel::warning, "readdir /{}: {}", directory->path.str(), error.text);
      co_return std::unexpected<FsError>(error);
    }
    if (listed) begun = std::move(*listed);
  }
  directory->place = place;
  directory->generation = generation_;
  directory->fixed = tree_.fixed_children(directory->path);
  directory->arriving = !begun.names.empty();
  std::erase_if(begun.names, [&](const FirstName& first) { return !is_shown(*directory, first.name); });
  directory->first = std::move(begun.names);
  directory->shown.clear();
  directory->listing = std::move(begun.whole);
  directory->loaded = true;
  report_long_names(*directory);
  co_return FsResult<void>();
}

/// An error here is never ENOENT: to readdir() that is the end of a directory.
Task<FsResult<void>> Filesystem::complete(std::shared_ptr<DirectoryHandle> directory) {
  const Place place = directory->place;
  const auto listed = co_await place.mount->listing->list(place.relative);
  if (!directory->arriving) co_return FsResult<void>();  // another request was quicker
  if (!listed) {
    const FsError error = metadata_error(listed.error());
    if (!error.text.empty())
      log_failure(LogLevel::warning, "readdir /{}: {}", directory->path.str(), error.text);
    co_return refuse(error.code == ENOENT ? EIO : error.code);
  }
  std::vector<std::size_t> shown;
  for (const FirstName& first : directory->first) {
    const auto index = (*listed)->index_of(first.name);
    if (!index || (*listed)->info(*index).type != first.type) {
      log_warning("readdir /{}: the listing that arrived is not the one that began", directory->path.str());
      co_return refuse(EIO);
    }
    shown.push_back(*index);
  }
  std::sort(shown.begin(), shown.end());
  directory->shown = std::move(shown);
  directory->listing = *listed;
  directory->arriving = false;
  report_long_names(*directory);
  co_return FsResult<void>();
}

std::optional<DirectoryItem> Filesystem::item(std::uint64_t handle, std::uint64_t offset) const {
  const auto directory = handles_.directory(handle);
  if (directory == nullptr) return std::nullopt;
  if (offset < kDots) return DirectoryItem(offset == 0 ? "." : "..", offset + 1);
  const std::uint64_t arriving = first_of_arriving(*directory);
  if (offset < arriving) return DirectoryItem(directory->fixed[offset - kDots], offset + 1);
  const std::uint64_t before = first_of_listing(*directory);
  if (offset < before) {
    const FirstName& first = directory->first[offset - arriving];
    DirectoryItem found(first.name, offset + 1);
    found.type = first.type;
    found.index = DirectoryItem::kNameOnly;
    return found;
  }
  const std::uint64_t count = directory->listing == nullptr ? 0 : directory->listing->size();
  for (std::uint64_t index = offset - before; index < count; ++index) {
    const std::string_view name = directory->listing->name(index);
    if (!is_shown(*directory, name)) continue;
    if (std::binary_search(directory->shown.begin(), directory->shown.end(), index)) continue;
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
  Inode* parent = directory == nullptr ? nullptr : inodes_.find(directory->node);
  if (parent == nullptr) return reply;
  const Path path = directory->path.child(item.name);
  // The names of an earlier tree are shown to the end of the snapshot; what they are now a lookup tells.
  const bool name_only = item.index == DirectoryItem::kNameOnly || directory->generation != generation_;
  if (name_only) {
    reply.attributes.ino = inode_number(path);
    reply.attributes.type = item.type;
    return reply;
  }
  if (item.is_fixed()) {
    Inode& node = inodes_.directory(*parent, item.name);
    inodes_.add_lookup(node);
    reply.node = node.id();
    reply.attributes = attributes_.directory(path, std::nullopt);
    reply.valid_for = std::chrono::hours(1);
    return reply;
  }
  const DirectoryEntry entry = directory->listing->entry(item.index);
  reply.attributes = attributes_of(path, entry.info);
  // A rounded or missing size must not reach a program's stat(): the lookup that follows makes it exact.
  if (item.type == ObjectType::file && entry.info.size_kind != SizeKind::exact) return reply;
  // The snapshot may be older than what a lookup has told since: the kernel must not go back to it.
  const Place& place = directory->place;
  const ListingCache& cache = *place.mount->listing;
  if (!cache.still_lists(place.relative, *directory->listing, item.index)) return reply;
  reply.valid_for = cache.fresh_for(place.relative);
  Inode& node = node_for(*parent, item.name, entry);
  inodes_.add_lookup(node);
  reply.node = node.id();
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
