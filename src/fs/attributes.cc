#include "fs/attributes.h"

#include <unistd.h>
#include <xxhash.h>

namespace balancefs {

std::uint64_t inode_number(const Path& path) {
  if (path.is_root()) return 1;
  const std::uint64_t hash = XXH3_64bits(path.str().data(), path.str().size());
  return hash > 1 ? hash : hash + 2;
}

AttributeMaker::AttributeMaker(const MountOptions& options, FileTime started)
    : file_permissions_(options.file_mode & ~options.umask & 07777u),
      directory_permissions_(options.dir_mode & ~options.umask & 07777u),
      uid_(options.uid.value_or(getuid())),
      gid_(options.gid.value_or(getgid())),
      started_(started) {}

Attributes AttributeMaker::make(const Path& path, std::optional<FileTime> modified) const {
  Attributes out;
  out.ino = inode_number(path);
  out.uid = uid_;
  out.gid = gid_;
  out.modified = modified.value_or(started_);
  return out;
}

Attributes AttributeMaker::file(const Path& path, std::uint64_t size,
                                std::optional<FileTime> modified) const {
  Attributes out = make(path, modified);
  out.type = ObjectType::file;
  out.size = size;
  out.permissions = file_permissions_;
  return out;
}

Attributes AttributeMaker::directory(const Path& path, std::optional<FileTime> modified) const {
  Attributes out = make(path, modified);
  out.type = ObjectType::directory;
  out.permissions = directory_permissions_;
  out.links =
      2;  // "unknown number of subfolders" for find and fts, as other network file systems say it is 1 or 2
  return out;
}

}  // namespace balancefs
