// Between a version in memory and what the disk cache writes of it: members by name there, by index here.
// Pure functions on the loop thread.
#pragma once

#include <string>
#include <vector>

#include "balancefs/version.h"
#include "io/disk_format.h"

namespace balancefs {

/// Where an opened file comes from: what outlives the process.
struct FileOrigin {
  std::string path;                  ///< visible; empty: nothing of it is kept on disk
  std::vector<std::string> members;  ///< the group's, by name, in order

  FileOrigin() = default;
  FileOrigin(std::string visible_path, std::vector<std::string> names)
      : path(std::move(visible_path)), members(std::move(names)) {}
};

/// Who holds the version now, the authority first.
std::vector<DiskCopy> copies_of(const Version& version, const FileOrigin& origin);
/// `earlier`: what was written before; what it says of members that do not hold the version now is kept.
DiskHeader describe(const Version& version, const FileOrigin& origin, const DiskHeader& earlier);

/// Whether bytes that `header` describes may stand beside what the version got already: nothing of it says
/// otherwise, and where it has got something, something says the same.
bool may_join(const Version& version, const DiskHeader& header, const FileOrigin& origin);
/// Tells the version what an earlier run knew of those members that show the same copy as then.
void restore(Version& version, const DiskHeader& header, const FileOrigin& origin);

}  // namespace balancefs
