// Names and nodes: lookup, forget, getattr, and what a path is. Directories, files and attributes have files
// of their own (filesystem_directory.cc, filesystem_read.cc, filesystem_xattr.cc).
#include "fs/filesystem.h"

#include "base/log.h"
#include "fs/same_version.h"

namespace balancefs {

Filesystem::Filesystem(Tree tree, ReadEngine& reads, AttributeMaker attributes)
    : tree_(std::move(tree)), reads_(reads), attributes_(attributes) {}

void Filesystem::entry_changed(const Path& mount, const Path& directory, std::string_view name) {
  const Path parent = directory.is_root() ? mount : *Path::parse(mount.str() + "/" + directory.str());
  if (tree_.is_fixed_directory(parent.child(name))) return;  // what the mount path hides
  const Inode* node = inodes_.current(parent);
  if (node != nullptr && notifier_ != nullptr) notifier_->invalidate_entry(node->id, std::string(name));
}

Task<Result<Filesystem::Found>> Filesystem::find(Path path) {
  Found found;
  found.place = tree_.locate(path);
  if (tree_.is_fixed_directory(path)) co_return found;
  if (found.place.mount == nullptr) co_return fail(ErrorKind::not_found, "no storage has it");
  const Result<DirectoryEntry> entry = co_await found.place.mount->listing->lookup(found.place.relative);
  if (!entry) co_return std::unexpected<Error>(entry.error());
  found.type = entry->info.type;
  found.entry = *entry;
  co_return found;
}

Attributes Filesystem::attributes_of(const Path& path, const ObjectInfo* info, ObjectType type) const {
  return type == ObjectType::directory ? attributes_.directory(path, info) : attributes_.file(path, *info);
}

Inode& Filesystem::node_for(const Path& path, const Place& place, const DirectoryEntry& entry) {
  if (entry.info.type == ObjectType::directory) return inodes_.directory(path);
  Inode* known = inodes_.current(path);
  if (known != nullptr && known->version != nullptr && is_same_version(*known->version, entry)) {
    known->version->set_copies(entry.copies);
    return *known;
  }
  return inodes_.file(path, std::make_shared<Version>(next_version_++, place.relative, entry.copies));
}

EntryReply Filesystem::absent(const Path& path) {
  EntryReply reply;
  const Place place = tree_.locate(path.parent());
  if (place.mount == nullptr || !place.mount->listing->proves_absence(place.relative)) return reply;
  reply.valid_for = place.mount->listing->fresh_for(place.relative);
  if (reply.valid_for <= Duration(0)) return reply;
  if (const auto oldest = absent_names_.add(path)) expire(*oldest, ObjectType::file);
  return reply;
}

Task<FsResult<EntryReply>> Filesystem::lookup(std::uint64_t parent, std::string name) {
  const Inode* directory = inodes_.find(parent);
  if (directory == nullptr) co_return refuse(ESTALE);
  if (directory->type != ObjectType::directory) co_return refuse(ENOTDIR);
  if (!Path::valid_name(name)) co_return refuse(EINVAL);
  const Path parent_path = directory->path;
  const Path path = parent_path.child(name);
  const Result<Found> found = co_await find(path);
  if (!found && found.error().kind == ErrorKind::not_found) co_return absent(path);
  if (!found) {
    const FsError error = metadata_error(found.error());
    if (!error.text.empty()) log_warning("lookup /{}: {}", path.str(), error.text);
    co_return std::unexpected<FsError>(error);
  }
  EntryReply reply;
  Inode& node = found->entry ? node_for(path, found->place, *found->entry) : inodes_.directory(path);
  inodes_.add_lookup(node);
  reply.node = node.id;
  reply.attributes = attributes_of(path, found->entry ? &found->entry->info : nullptr, found->type);
  // A fixed directory is true for as long as the mount lives; an hour keeps the kernel's cache from
  // mattering.
  reply.valid_for = found->entry ? found->place.mount->listing->fresh_for(found->place.relative.parent())
                                 : Duration(std::chrono::hours(1));
  co_return reply;
}

void Filesystem::forget(std::uint64_t node, std::uint64_t count) {
  inodes_.forget(node, count);
}

void Filesystem::outdate(std::uint64_t id) {
  Inode* node = inodes_.find(id);
  if (node == nullptr || node->type == ObjectType::directory) return;
  inodes_.outdate(*node);
  const Inode* parent = inodes_.current(node->path.parent());
  if (parent != nullptr && notifier_ != nullptr) {
    notifier_->invalidate_entry(parent->id, std::string(node->path.name()));
  }
}

Task<FsResult<AttributesReply>> Filesystem::getattr(std::uint64_t id) {
  const Inode* node = inodes_.find(id);
  if (node == nullptr) co_return refuse(ESTALE);
  const Path path = node->path;
  const std::shared_ptr<Version> version = node->version;
  AttributesReply reply;
  // A file's node is one version, whose attributes never change; the name is what may lead elsewhere.
  if (version != nullptr) {
    reply.attributes = attributes_.file(path, version->info());
    reply.valid_for = std::chrono::hours(1);
    co_return reply;
  }
  const Result<Found> found = co_await find(path);
  if (!found) {
    const FsError error = metadata_error(found.error());
    if (!error.text.empty()) log_warning("getattr /{}: {}", path.str(), error.text);
    co_return std::unexpected<FsError>(error.code == ENOENT ? FsError(ESTALE) : error);
  }
  if (found->type != ObjectType::directory) co_return refuse(ESTALE);
  reply.attributes = attributes_.directory(path, found->entry ? &found->entry->info : nullptr);
  reply.valid_for = found->entry ? found->place.mount->listing->fresh_for(found->place.relative.parent())
                                 : Duration(std::chrono::hours(1));
  co_return reply;
}

}  // namespace balancefs
