#include "fs/same_version.h"

namespace balancefs {

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

}  // namespace balancefs
