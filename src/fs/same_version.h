// Whether a listing still speaks of the version that a node stands for. Pure.
#pragma once

#include <cstdint>
#include <optional>

#include "balancefs/version.h"
#include "meta/directory.h"

namespace balancefs {

/// What is remembered of a file that nobody has opened: enough to show its attributes and to know its version
/// again. The authority's word; of an ETag its hash.
struct FileStamp {
  std::uint64_t size = 0;
  std::uint64_t etag = 0;     ///< 0: not given
  std::int64_t modified = 0;  ///< nanoseconds; see modified_time()
  MemberIndex member = 0;     ///< the authority

  FileStamp() = default;
  explicit FileStamp(const ObjectInfo& authority);
  std::optional<FileTime> modified_time() const;
};

/// Same size, not ended, and no member that both know has another validator now. Validators of different
/// members are never compared: where the authority changed, a member that both name decides, and with none in
/// common it is another version.
bool is_same_version(const Version& version, const DirectoryEntry& entry);
/// The same by the authority alone: where its copy is gone, a file that nobody has opened is another version.
bool is_same_version(const FileStamp& stamp, const DirectoryEntry& entry);

}  // namespace balancefs
