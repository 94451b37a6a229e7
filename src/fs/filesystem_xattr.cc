// Extended attributes that tell where a path comes from. They are not listed, so that `cp -a` and `rsync -X`
// do not copy them.
#include "base/log.h"
#include "fs/filesystem.h"

namespace balancefs {

std::string Filesystem::describe_members(const Place& place, const DirectoryEntry* entry) const {
  const std::vector<std::string>& names = place.mount->group->traits().members;
  std::string out;
  const auto add = [&](std::string_view name) {
    if (!out.empty()) out += ",";
    out += name;
  };
  if (entry == nullptr) {
    for (const std::string& name : names) add(name);
  } else {
    for (const ObjectInfo& copy : entry->copies) add(names.at(copy.member));
  }
  return out;
}

namespace {

std::string member_name(const MountPoint& mount, const Version& version) {
  if (!version.last_member()) return {};
  return mount.group->traits().members.at(*version.last_member());
}

}  // namespace

std::string Filesystem::last_member(const FileHandle& file) {
  return member_name(*file.mount, *file.version);
}

/// A version's members are those of the group that it was opened at, which may not be mounted any more; then
/// a handle holds it.
std::string Filesystem::last_member(const Inode& node) const {
  const std::shared_ptr<Version> version = inodes_.version(node);
  if (version == nullptr) return {};
  std::string member;
  handles_.for_each_file([&](const FileHandle& file) {
    if (file.version == version) member = last_member(file);
  });
  const Place place = tree_.locate(inodes_.path(node));
  if (!member.empty() || node.outdated() || place.mount == nullptr) return member;
  return member_name(*place.mount, *version);
}

Task<FsResult<std::string>> Filesystem::getxattr(std::uint64_t id, std::string name) {
  // ENODATA to security.* and system.* makes `ls -l` ask for every file again; EOPNOTSUPP is remembered.
  if (!name.starts_with("user.")) co_return refuse(EOPNOTSUPP);
  const bool wants_members = name == "user.balancefs.members";
  const bool wants_member = name == "user.balancefs.member";
  const bool wants_identity = name == "user.balancefs.identity";
  if (!wants_members && !wants_member && !wants_identity) co_return refuse(ENODATA);
  const Inode* node = inodes_.find(id);
  if (node == nullptr) co_return refuse(ESTALE);
  const Path path = inodes_.path(*node);
  const Place place = tree_.locate(path);
  if (place.mount == nullptr) co_return refuse(ENODATA);
  if (wants_member) {
    const std::string member = last_member(*node);
    if (member.empty()) co_return refuse(ENODATA);
    co_return member;
  }
  if (place.relative.is_root()) {  // of which every member has one
    if (!wants_members) co_return refuse(ENODATA);
    co_return describe_members(place, nullptr);
  }
  const Result<DirectoryEntry> entry = co_await place.mount->listing->lookup(place.relative);
  // A folder that mount paths make need not be in the storage above it.
  const bool only_virtual =
      tree_.is_fixed_directory(path) &&
      (entry ? entry->info.type == ObjectType::file : entry.error().kind == ErrorKind::not_found);
  if (only_virtual) co_return refuse(ENODATA);
  if (!entry) co_return std::unexpected<FsError>(metadata_error(entry.error()));
  if (wants_members) co_return describe_members(place, &*entry);
  if (entry->info.type != ObjectType::file) co_return refuse(ENODATA);
  const Result<IdentityDecision> decision = co_await place.mount->listing->identity(place.relative);
  if (!decision) co_return std::unexpected<FsError>(metadata_error(decision.error()));
  co_return to_text(*decision, place.mount->group->traits().members);
}

}  // namespace balancefs
