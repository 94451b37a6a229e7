#include "daemon/check_folders.h"

#include <algorithm>

namespace balancefs {
namespace {

class NamesSink final : public ListingSink {
 public:
  explicit NamesSink(FolderNames& names) : names_(names) {}
  Result<void> entry(std::string_view name, const ObjectInfo& info) override {
    names_.insert_or_assign(std::string(name), info);
    return {};
  }
  void member_done(MemberIndex, const Result<void>&) override {}

 private:
  FolderNames& names_;
};

/// Hidden names last: a ".Trash" says little about a library.
std::vector<Path> children(const FolderNames& names, const Path& folder, bool (*wanted)(const ObjectInfo&)) {
  std::vector<Path> found;
  for (const auto& [name, info] : names) {
    if (wanted(info)) found.push_back(folder.child(name));
  }
  std::ranges::stable_partition(found, [](const Path& path) { return !path.name().starts_with('.'); });
  return found;
}

bool is_folder(const ObjectInfo& info) {
  return info.type == ObjectType::directory;
}

/// An empty file has nothing to read, and one byte cannot show a range.
bool is_readable(const ObjectInfo& info) {
  const bool short_one = info.size_kind == SizeKind::exact && info.size < 2;
  return info.type == ObjectType::file && !short_one;
}

}  // namespace

Task<Result<FolderNames>> list_folder(Storage& storage, Path folder, RequestContext& why) {
  FolderNames names;
  NamesSink sink(names);
  const Result<void> listed = co_await storage.list(std::move(folder), sink, why);
  if (!listed) co_return std::unexpected<Error>(listed.error());
  co_return names;
}

Task<Result<std::vector<Path>>> find_files(Storage& storage, const FolderNames& root, RequestContext& why) {
  const Path top;
  std::vector<Path> files = children(root, top, is_readable);
  // Depth first: a file is below the first folder rather than beside it. The next one is at the back.
  std::vector<Path> folders = children(root, top, is_folder);
  std::ranges::reverse(folders);
  for (int i = 0; i < kFoldersToSearch && files.empty() && !folders.empty(); ++i) {
    const Path folder = std::move(folders.back());
    folders.pop_back();
    const Result<FolderNames> names = co_await list_folder(storage, folder, why);
    if (!names) continue;
    files = children(*names, folder, is_readable);
    std::vector<Path> below = children(*names, folder, is_folder);
    folders.insert(folders.end(), below.rbegin(), below.rend());
  }
  if (files.size() > kFilesToTry) files.resize(kFilesToTry);
  co_return files;
}

}  // namespace balancefs
