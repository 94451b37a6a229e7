// Folders as `check` looks at them: what one lists, and where a first file is. Loop thread.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "balancefs/storage.h"

namespace balancefs {

using FolderNames = std::map<std::string, ObjectInfo, std::less<>>;

Task<Result<FolderNames>> list_folder(Storage& storage, Path folder, RequestContext& why);

/// Up to kFilesToTry files of one folder, with names that are not hidden first: of the root, else of the
/// first folder below it that has any. Looks into kFoldersToSearch folders at most; one that cannot be listed
/// is passed over. Empty when none was found.
Task<Result<std::vector<Path>>> find_files(Storage& storage, const FolderNames& root, RequestContext& why);

constexpr std::size_t kFilesToTry = 3;
/// With the root's own listing six: enough for /films/Title/film.mkv beside some empty folders.
constexpr int kFoldersToSearch = 5;

}  // namespace balancefs
