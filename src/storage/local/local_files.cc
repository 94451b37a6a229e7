#include "storage/local/local_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

namespace balancefs {
namespace {

struct CloseDirectory {
  void operator()(DIR* directory) const { closedir(directory); }
};
using Directory = std::unique_ptr<DIR, CloseDirectory>;

// Without the device number, which changes when a file system is mounted again.
Validator validator_of_file(const struct stat& attributes, bool etags) {
  Validator out;
  out.modified = FileTime(std::chrono::seconds(attributes.st_mtim.tv_sec) +
                          std::chrono::nanoseconds(attributes.st_mtim.tv_nsec));
  if (etags) {
    out.etag = fmt::format("\"{:x}-{:x}-{:x}.{:x}\"", attributes.st_ino, attributes.st_size,
                           attributes.st_mtim.tv_sec, attributes.st_mtim.tv_nsec);
  }
  return out;
}

std::optional<ObjectInfo> info_of(const struct stat& attributes, bool etags) {
  ObjectInfo info;
  if (S_ISDIR(attributes.st_mode)) {
    info.type = ObjectType::directory;
    info.validator = validator_of_file(attributes, false);
    return info;
  }
  if (!S_ISREG(attributes.st_mode)) return std::nullopt;
  info.size = static_cast<std::uint64_t>(attributes.st_size);
  info.validator = validator_of_file(attributes, etags);
  return info;
}

/// Nothing for what is left out. An entry of which nothing can be known now (a failing disk, a folder without
/// search permission) is an error: left out, it would look deleted.
Result<std::optional<ObjectInfo>> entry_info(const std::string& root, const Path& directory, int fd,
                                             const char* name, bool etags) {
  struct stat attributes{};
  if (fstatat(fd, name, &attributes, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) return std::nullopt;
    return std::unexpected<Error>(errno_error(errno, "stat", directory.child(name).str()));
  }
  if (!S_ISLNK(attributes.st_mode)) return info_of(attributes, etags);
  const Result<ObjectInfo> target = stat_object(root, directory.child(name), etags);
  if (target) return *target;
  const ErrorKind kind = target.error().kind;
  if (kind == ErrorKind::not_found || kind == ErrorKind::denied) return std::nullopt;
  return std::unexpected<Error>(target.error());
}

Result<Directory> open_directory(const std::string& root, const Path& directory) {
  Result<FileDescriptor> fd = open_beneath(root, directory, O_RDONLY | O_DIRECTORY);
  if (!fd) return std::unexpected<Error>(std::move(fd.error()));
  Directory stream(fdopendir(fd->get()));
  if (!stream) return std::unexpected<Error>(errno_error(errno, "open", directory.str()));
  static_cast<void>(fd->release());  // the stream owns it now
  return stream;
}

}  // namespace

Result<LocalEntries> list_directory(const std::string& root, const Path& directory, bool etags) {
  const Result<Directory> stream = open_directory(root, directory);
  if (!stream) return std::unexpected<Error>(stream.error());
  LocalEntries out;
  for (;;) {
    errno = 0;
    const dirent* entry = readdir(stream->get());
    if (entry == nullptr) break;
    if (!Path::valid_name(entry->d_name)) continue;
    const auto info = entry_info(root, directory, dirfd(stream->get()), entry->d_name, etags);
    if (!info) return std::unexpected<Error>(info.error());
    if (*info) out.emplace_back(entry->d_name, **info);
  }
  if (errno != 0) return std::unexpected<Error>(errno_error(errno, "list", directory.str()));
  return out;
}

Result<ObjectInfo> stat_object(const std::string& root, const Path& path, bool etags) {
  const Result<FileDescriptor> fd = open_beneath(root, path, O_PATH);
  if (!fd) return std::unexpected<Error>(fd.error());
  const Result<struct stat> attributes = stat_descriptor(*fd, path);
  if (!attributes) return std::unexpected<Error>(attributes.error());
  const auto info = info_of(*attributes, etags);
  if (!info) return fail(ErrorKind::not_found, fmt::format("stat '{}': not a file or directory", path.str()));
  return *info;
}

Result<FileDescriptor> open_file(const std::string& root, const Path& path) {
  // Opening a device can do things, so its kind is looked at before; O_NONBLOCK is for one that came
  // meanwhile.
  const Result<ObjectInfo> info = stat_object(root, path, false);
  if (!info) return std::unexpected<Error>(info.error());
  if (info->type != ObjectType::file)
    return fail(ErrorKind::not_found, fmt::format("'{}': a directory", path.str()));
  Result<FileDescriptor> fd = open_beneath(root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  if (!fd) return fd;
  const Result<struct stat> opened = stat_descriptor(*fd, path);
  if (!opened) return std::unexpected<Error>(opened.error());
  if (!S_ISREG(opened->st_mode))
    return fail(ErrorKind::not_found, fmt::format("'{}': not a file", path.str()));
  return fd;
}

Result<LocalPiece> read_piece(const FileDescriptor& file, const Path& path, std::uint64_t offset,
                              std::size_t count, bool etags) {
  LocalPiece piece;
  piece.bytes.resize(count);
  std::size_t done = 0;
  while (done < count) {
    const ssize_t got =
        pread(file.get(), piece.bytes.data() + done, count - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::unexpected<Error>(errno_error(errno, "read", path.str()));
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  piece.bytes.resize(done);
  const Result<struct stat> after = stat_descriptor(file, path);
  if (!after) return std::unexpected<Error>(after.error());
  piece.size = static_cast<std::uint64_t>(after->st_size);
  piece.validator = validator_of_file(*after, etags);
  return piece;
}

}  // namespace balancefs
