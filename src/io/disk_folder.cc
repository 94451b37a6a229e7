#include "io/disk_folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <map>

#include "base/private_folder.h"

namespace balancefs {
namespace {

constexpr const char* kTagName = "CACHEDIR.TAG";
// The first line is the one of https://bford.info/cachedir/.
constexpr std::string_view kTag =
    "Signature: 8a477f597d28d172789f06886806bc55\n"
    "# balancefs disk cache, format 1. It may be removed when no balancefs is running.\n";
constexpr const char* kTrialName = ".balancefs-trial";

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};
using Directory = std::unique_ptr<DIR, CloseDirectory>;

std::string message_of(int code) {
  return std::generic_category().message(code);
}

/// The names in the folder, without "." and "..".
Result<std::vector<std::string>> names_in(int folder) {
  const int copy = ::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (copy < 0) return std::unexpected<Error>(disk_error(errno, "open"));
  const Directory directory(::fdopendir(copy));
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* entry = ::readdir(directory.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
    errno = 0;
  }
  if (errno != 0) return std::unexpected<Error>(disk_error(errno, "list"));
  return names;
}

std::string read_tag(int fd) {
  std::array<char, 1024> text{};
  const ssize_t count = ::pread(fd, text.data(), text.size(), 0);
  return count > 0 ? std::string(text.data(), static_cast<std::size_t>(count)) : std::string();
}

/// Files with holes are what the cache is made of: where they cannot be had, a film would fill the disk.
int try_holes(int folder) {
  const DiskFd file(::openat(folder, kTrialName, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file.valid()) return errno;
  int code = 0;
  if (::ftruncate(file.get(), kSegmentBytes) != 0 ||
      ::fallocate(file.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, kSegmentBytes) != 0) {
    code = errno;
  }
  ::unlinkat(folder, kTrialName, 0);
  return code;
}

/// What is known of one entry's two files.
struct Pair {
  FoundEntry found;
  int files = 0;
};

std::map<DiskName, Pair> pairs_in(int folder, const std::vector<std::string>& names) {
  std::map<DiskName, Pair> pairs;
  for (const std::string& text : names) {
    const auto name = parse_disk_file_name(text);
    struct stat info{};
    if (!name || ::fstatat(folder, text.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) continue;
    if (!S_ISREG(info.st_mode)) continue;
    Pair& pair = pairs[name->name];
    ++pair.files;
    pair.found.name = name->name;
    pair.found.bytes += static_cast<std::uint64_t>(info.st_blocks) * 512;
    const std::int64_t used = info.st_mtim.tv_sec * 1'000'000'000 + info.st_mtim.tv_nsec;
    pair.found.last_used = std::max(pair.found.last_used, used);
  }
  return pairs;
}

/// The whole entries, the least recently used first; halves are removed.
std::vector<FoundEntry> list_entries(int folder, const std::vector<std::string>& names) {
  std::vector<FoundEntry> entries;
  for (const auto& [name, pair] : pairs_in(folder, names)) {
    if (pair.files == 2) {
      entries.push_back(pair.found);
      continue;
    }
    ::unlinkat(folder, name.data_file().c_str(), 0);
    ::unlinkat(folder, name.index_file().c_str(), 0);
  }
  std::ranges::stable_sort(entries, {}, &FoundEntry::last_used);
  return entries;
}

OpenedFolder unusable(std::string why) {
  OpenedFolder refused;
  refused.why = std::move(why);
  return refused;
}

/// Opens the tag, or makes it in a folder that is empty. Not valid: `why`.
DiskFd open_tag(int folder, const std::vector<std::string>& names, std::string& why) {
  const bool there = std::ranges::find(names, kTagName) != names.end();
  if (!there && !names.empty()) {
    why = "it holds files that are not ours; they are left alone";
    return {};
  }
  // For reading: a file that is open for writing would keep its file system from being made read-only.
  const int flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | (there ? 0 : O_CREAT);
  DiskFd tag(::openat(folder, kTagName, flags, 0600));
  if (!tag.valid()) why = message_of(errno);
  return tag;
}

/// After the lock is held: whether the tag is ours. One that is cut short was never finished.
std::string claim_tag(int folder, int tag) {
  const std::string text = read_tag(tag);
  if (text == kTag) return {};
  if (!kTag.starts_with(text))
    return "its CACHEDIR.TAG is another program's, or of another version of balancefs";
  const DiskFd writable(::openat(folder, kTagName, O_WRONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!writable.valid()) return message_of(errno);
  const ssize_t count = ::pwrite(writable.get(), kTag.data(), kTag.size(), 0);
  return count == static_cast<ssize_t>(kTag.size()) ? std::string() : message_of(errno);
}

}  // namespace

DiskFd& DiskFd::operator=(DiskFd&& other) noexcept {
  if (this != &other) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = std::exchange(other.fd_, -1);
  }
  return *this;
}

DiskFd::~DiskFd() {
  if (fd_ >= 0) ::close(fd_);
}

Error disk_error(int code, std::string_view what) {
  std::string text = fmt::format("{}: {}", what, message_of(code));
  switch (code) {
    case ENOSPC:
    case EDQUOT:
      return Error(ErrorKind::no_space, std::move(text));
    case ENOENT:
    case ESTALE:
      return Error(ErrorKind::not_found, std::move(text));
    case EFBIG:
      return Error(ErrorKind::too_large, std::move(text));
    default:
      return Error(ErrorKind::unavailable, std::move(text));
  }
}

Result<DiskRoom> disk_room(const DiskFolder& folder) {
  struct statvfs info{};
  if (::fstatvfs(folder.fd(), &info) != 0) return std::unexpected<Error>(disk_error(errno, "statvfs"));
  DiskRoom room;
  room.free = std::uint64_t{info.f_bavail} * info.f_frsize;
  room.total = std::uint64_t{info.f_blocks} * info.f_frsize;
  return room;
}

std::string cache_folder_of(const std::string& dir, const std::string& mountpoint) {
  constexpr std::size_t kReadable = 60;
  std::string name;
  for (const char letter : mountpoint.substr(0, kReadable)) {
    const bool plain =
        std::isalnum(static_cast<unsigned char>(letter)) != 0 || letter == '.' || letter == '_';
    if (plain || !name.empty()) name += plain ? letter : '-';
  }
  return fmt::format("{}/{}-{:016x}", dir, name, hash_of_path(mountpoint));
}

std::string metadata_folder_of(const std::string& dir, const std::string& mountpoint) {
  return cache_folder_of(dir, mountpoint) + ".metadata";
}

OpenedFolder open_disk_folder(const std::string& path) {
  if (const int code = make_private_folders(path); code != 0) return unusable(message_of(code));
  DiskFd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.valid()) return unusable(message_of(errno));
  // Whoever owns it could change what is read from it, and see what is kept in it.
  struct stat info{};
  if (::fstat(directory.get(), &info) != 0) return unusable(message_of(errno));
  if (info.st_uid != ::geteuid()) return unusable("it belongs to another user");
  auto names = names_in(directory.get());
  if (!names) return unusable(names.error().text);
  std::erase(*names, kTrialName);
  OpenedFolder opened;
  DiskFd tag = open_tag(directory.get(), *names, opened.why);
  if (!tag.valid()) return opened;
  if (::flock(tag.get(), LOCK_EX | LOCK_NB) != 0) {
    const int code = errno;
    if (code != EWOULDBLOCK) return unusable(message_of(code));
    opened.state = OpenedFolder::State::in_use;
    return opened;
  }
  if (std::string why = claim_tag(directory.get(), tag.get()); !why.empty()) return unusable(std::move(why));
  if (const int code = try_holes(directory.get()); code != 0) {
    const bool lacking = code == EOPNOTSUPP || code == ENOSYS || code == EINVAL;
    return unusable(lacking ? "its file system has no files with holes" : message_of(code));
  }
  names = names_in(directory.get());  // again: nobody else writes now
  if (!names) return unusable(names.error().text);
  opened.entries = list_entries(directory.get(), *names);
  opened.folder = std::make_shared<DiskFolder>(path, std::move(directory), std::move(tag));
  const auto room = disk_room(*opened.folder);
  if (!room) return unusable(room.error().text);
  opened.room = *room;
  opened.state = OpenedFolder::State::open;
  return opened;
}

}  // namespace balancefs
