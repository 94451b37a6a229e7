#include "base/private_folder.h"

#include <sys/stat.h>

#include <cerrno>
#include <filesystem>

namespace balancefs {

int make_private_folders(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) == 0 || errno == EEXIST) return 0;
  const std::string parent = std::filesystem::path(path).parent_path().string();
  if (errno != ENOENT || parent.empty() || parent == path) return errno;
  if (const int code = make_private_folders(parent); code != 0) return code;
  return ::mkdir(path.c_str(), 0700) == 0 || errno == EEXIST ? 0 : errno;
}

}  // namespace balancefs
