#include "fs/same_version.h"

#include <xxhash.h>

#include <limits>

namespace balancefs {
namespace {

/// No file's time: the year 1677.
constexpr std::int64_t kNoTime = std::numeric_limits<std::int64_t>::min();

std::uint64_t hash_of(const std::string& etag) {
  if (etag.empty()) return 0;
  const std::uint64_t hash = XXH3_64bits(etag.data(), etag.size());
  return hash == 0 ? 1 : hash;
}

/// As Validator::contradicts.
bool contradicts(const FileStamp& left, const FileStamp& right) {
  if (left.etag != 0 && right.etag != 0) return left.etag != right.etag;
  return left.modified != kNoTime && right.modified != kNoTime && left.modified != right.modified;
}

}  // namespace

FileStamp::FileStamp(const ObjectInfo& authority)
    : size(authority.size),
      etag(hash_of(authority.validator.etag)),
      modified(authority.validator.modified ? authority.validator.modified->time_since_epoch().count()
                                            : kNoTime),
      member(authority.member) {}

std::optional<FileTime> FileStamp::modified_time() const {
  if (modified == kNoTime) return std::nullopt;
  return FileTime(FileTime::duration(modified));
}

bool is_same_version(const Version& version, const DirectoryEntry& entry) {
  if (version.ended() || entry.info.type != ObjectType::file || entry.info.size != version.size())
    return false;
  for (const ObjectInfo& known : version.copies()) {
    for (const ObjectInfo& now : entry.copies) {
      if (known.member == now.member) return !known.validator.contradicts(now.validator);
    }
  }
  return false;
}

bool is_same_version(const FileStamp& stamp, const DirectoryEntry& entry) {
  if (entry.info.type != ObjectType::file || entry.info.size != stamp.size) return false;
  for (const ObjectInfo& now : entry.copies) {
    if (now.member == stamp.member) return !contradicts(stamp, FileStamp(now));
  }
  return false;
}

}  // namespace balancefs
