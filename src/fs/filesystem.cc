// Names and nodes: lookup, forget, getattr, and what a path is. Directories, files and attributes have files
// of their own (filesystem_directory.cc, filesystem_read.cc, filesystem_xattr.cc).
#include "fs/filesystem.h"

#include <algorithm>

#include "base/log.h"
#include "fs/same_version.h"

namespace balancefs {

Filesystem::Filesystem(Tree tree, ReadEngine& reads, AttributeMaker attributes)
    : tree_(std::move(tree)), reads_(reads), attributes_(attributes) {}

void Filesystem::entries_changed(const Path& mount, const Path& directory,
                                 std::vector<std::string_view> names) {
  const Path parent = directory.is_root() ? mount : *Path::parse(mount.str() + "/" + directory.str());
  const Inode* node = inodes_.current(parent);
  if (node == nullptr || notifier_ == nullptr) return;
  const std::vector<std::string> fixed = tree_.fixed_children(parent);
  const auto is_hidden = [&](std::string_view name) {
    return std::binary_search(fixed.begin(), fixed.end(), name);
  };
  std::erase_if(names, is_hidden);  // by the mount path
  if (!names.empty()) notifier_->invalidate_entries(node->id(), names);
}

Task<Result<Filesystem::Found>> Filesystem::find(Path path) {
  const std::uint64_t asked = generation_;
  Found found;
  found.place = tree_.locate(path);
  if (tree_.is_fixed_directory(path)) co_return found;
  if (found.place.mount == nullptr) co_return fail(ErrorKind::not_found, "no storage has it");
  const Result<DirectoryEntry> entry = co_await found.place.mount->listing->lookup(found.place.relative);
  if (asked != generation_) co_return co_await find(std::move(path));
  if (!entry) co_return std::unexpected<Error>(entry.error());
  found.type = entry->info.type;
  found.entry = *entry;
  co_return found;
}

Attributes Filesystem::attributes_of(const Path& path, const ObjectInfo& info) const {
  if (info.type == ObjectType::directory) return attributes_.directory(path, info.validator.modified);
  return attributes_.file(path, info.size, info.validator.modified);
}

Inode& Filesystem::node_for(Inode& parent, std::string_view name, const DirectoryEntry& entry) {
  if (entry.info.type == ObjectType::directory) return inodes_.directory(parent, name);
  Inode* known = inodes_.current(parent, name);
  if (known == nullptr || !stands_for(*known, entry)) {
    return inodes_.new_file(parent, name, FileStamp(entry.info));
  }
  update(*known, entry);
  return *known;
}

bool Filesystem::stands_for(const Inode& node, const DirectoryEntry& entry) const {
  if (node.type() != ObjectType::file) return false;
  const std::shared_ptr<Version> version = inodes_.version(node);
  return version != nullptr ? is_same_version(*version, entry) : is_same_version(node.stamp(), entry);
}

/// What a newer listing says of the same version.
void Filesystem::update(Inode& node, const DirectoryEntry& entry) {
  node.set_stamp(FileStamp(entry.info));
  const std::shared_ptr<Version> version = inodes_.version(node);
  if (version != nullptr) version->set_copies(entry.copies);
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
  Inode* directory = inodes_.find(parent);
  if (directory == nullptr) co_return refuse(ESTALE);
  if (directory->type() != ObjectType::directory) co_return refuse(ENOTDIR);
  if (!Path::valid_name(name)) co_return refuse(EINVAL);
  if (name.size() > Inode::kLongestName) co_return refuse(ENAMETOOLONG);
  const Path path = inodes_.path(*directory).child(name);
  const Result<Found> found = co_await find(path);
  if (!found && found.error().kind == ErrorKind::not_found) co_return absent(path);
  if (!found) {
    const FsError error = metadata_error(found.error());
    if (!error.text.empty()) log_failure(LogLevel::warning, "lookup /{}: {}", path.str(), error.text);
    co_return std::unexpected<FsError>(error);
  }
  directory = inodes_.find(parent);
  if (directory == nullptr) co_return refuse(ESTALE);
  EntryReply reply;
  Inode& node =
      found->entry ? node_for(*directory, name, *found->entry) : inodes_.directory(*directory, name);
  inodes_.add_lookup(node);
  reply.node = node.id();
  reply.attributes =
      found->entry ? attributes_of(path, found->entry->info) : attributes_.directory(path, std::nullopt);
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
  if (node == nullptr || node->type() == ObjectType::directory) return;
  inodes_.outdate(*node);
  if (notifier_ == nullptr) return;
  const std::vector<std::string_view> name(1, node->name());
  notifier_->invalidate_entries(inodes_.parent(*node).id(), name);
}

Task<FsResult<AttributesReply>> Filesystem::getattr(std::uint64_t id) {
  const Inode* node = inodes_.find(id);
  if (node == nullptr) co_return refuse(ESTALE);
  const Path path = inodes_.path(*node);
  AttributesReply reply;
  // A file's node is one version, whose attributes never change; the name is what may lead elsewhere.
  if (node->type() == ObjectType::file) {
    const FileStamp stamp = node->stamp();
    reply.attributes = attributes_.file(path, stamp.size, stamp.modified_time());
    reply.valid_for = std::chrono::hours(1);
    co_return reply;
  }
  const Result<Found> found = co_await find(path);
  if (!found) {
    const FsError error = metadata_error(found.error());
    if (!error.text.empty()) log_failure(LogLevel::warning, "getattr /{}: {}", path.str(), error.text);
    co_return std::unexpected<FsError>(error.code == ENOENT ? FsError(ESTALE) : error);
  }
  if (found->type != ObjectType::directory) co_return refuse(ESTALE);
  reply.attributes =
      found->entry ? attributes_of(path, found->entry->info) : attributes_.directory(path, std::nullopt);
  reply.valid_for = found->entry ? found->place.mount->listing->fresh_for(found->place.relative.parent())
                                 : Duration(std::chrono::hours(1));
  co_return reply;
}

}  // namespace balancefs
