// What stat() shows, made from what a listing says and what the mount's options say.
//
// Attributes never depend on which member serves the data. `ino` is a hash of the visible path: the same
// after a restart and for every member.
#pragma once

#include <cstdint>
#include <optional>

#include "balancefs/object.h"
#include "balancefs/options.h"

namespace balancefs {

struct Attributes {
  std::uint64_t ino = 0;
  ObjectType type = ObjectType::file;
  std::uint64_t size = 0;
  std::uint32_t permissions = 0;  ///< the lower twelve bits of st_mode
  std::uint32_t links = 1;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  FileTime modified;

  Attributes() = default;
};

/// The root is 1, no other path is 0 or 1.
std::uint64_t inode_number(const Path& path);

class AttributeMaker {
 public:
  /// `started`: the time shown where a storage gives none.
  AttributeMaker(const MountOptions& options, FileTime started);
  Attributes file(const Path& path, std::uint64_t size, std::optional<FileTime> modified) const;
  Attributes directory(const Path& path, std::optional<FileTime> modified) const;

 private:
  Attributes make(const Path& path, std::optional<FileTime> modified) const;

  std::uint32_t file_permissions_;
  std::uint32_t directory_permissions_;
  std::uint32_t uid_;
  std::uint32_t gid_;
  FileTime started_;
};

}  // namespace balancefs
