// Files: open, read, release.
#include "base/log.h"
#include "fs/filesystem.h"
#include "fs/same_version.h"

namespace balancefs {
namespace {

/// Holds what it reads from: a transfer may end after its handle.
class HeldReader final : public ObjectReader {
 public:
  HeldReader(MountPointer mount, std::unique_ptr<ObjectReader> reader)
      : mount_(std::move(mount)), reader_(std::move(reader)) {}
  Task<Result<void>> read(ByteRange range, ByteSink& sink, RequestContext& why) override {
    return reader_->read(range, sink, why);
  }

 private:
  MountPointer mount_;
  std::unique_ptr<ObjectReader> reader_;
};

FileOrigin origin_of(const Path& path, const Storage& group) {
  const StorageTraits& traits = group.traits();
  const std::vector<std::string> single(1, traits.name);
  return FileOrigin(path.str(), traits.members.empty() ? single : traits.members);
}

}  // namespace

bool Filesystem::is_over(const Inode& node) const {
  const std::shared_ptr<Version> version = inodes_.version(node);
  return node.outdated() || (version != nullptr && version->ended());
}

std::shared_ptr<Version> Filesystem::version_of(const Inode& node, const Path& in_group,
                                                const DirectoryEntry& entry) {
  std::shared_ptr<Version> version = inodes_.version(node);
  if (version != nullptr) return version;
  version = std::make_shared<Version>(next_version_++, in_group, entry.copies);
  inodes_.set_version(node, version);
  return version;
}

Task<FsResult<std::uint64_t>> Filesystem::open(std::uint64_t id) {
  Inode* node = inodes_.find(id);
  if (node == nullptr) co_return refuse(ESTALE);
  if (node->type() != ObjectType::file) co_return refuse(EISDIR);
  if (is_over(*node)) {
    outdate(id);
    co_return refuse(ESTALE);
  }
  const Path path = inodes_.path(*node);
  const Place place = tree_.locate(path);
  if (place.mount == nullptr) co_return refuse(ESTALE);  // it was there before the node was opened
  const std::uint64_t asked = generation_;
  const Result<DirectoryEntry> entry = co_await place.mount->listing->refresh_for_open(place.relative);
  node = inodes_.find(id);
  if (asked != generation_) co_return co_await open(id);
  if (!entry) {
    const FsError error = metadata_error(entry.error());
    if (!error.text.empty()) log_failure(LogLevel::warning, "open /{}: {}", path.str(), error.text);
    co_return std::unexpected<FsError>(error);
  }
  if (node == nullptr || node->outdated() || !stands_for(*node, *entry)) {
    outdate(id);
    co_return refuse(ESTALE);
  }
  update(*node, *entry);
  const std::shared_ptr<Version> version = version_of(*node, place.relative, *entry);
  auto file = std::make_shared<FileHandle>();
  file->node = id;
  file->path = path;
  file->mount = place.mount;
  file->version = version;
  auto reader = std::make_unique<HeldReader>(place.mount, place.mount->group->open(version, 0));
  file->reader = reads_.open(version, std::move(reader), origin_of(path, *place.mount->group));
  co_return handles_.add(std::move(file));
}

Task<FsResult<ReadReply>> Filesystem::read(std::uint64_t handle, std::uint64_t offset, std::size_t size) {
  const std::shared_ptr<FileHandle> file = handles_.file(handle);
  if (file == nullptr) co_return refuse(EBADF);
  Result<ReadReply> reply = co_await file->reader->read(offset, size);
  if (reply) {
    file->position = offset + reply->size();
    co_return std::move(*reply);
  }
  const FsError error = co_await judge_read_failure(file, reply.error());
  if (!error.text.empty()) {
    log_failure(LogLevel::warning, "read /{} at {}+{}: {}", file->path.str(), offset, size, error.text);
  }
  co_return std::unexpected<FsError>(error);
}

/// The path may have become something else: what is known of it is asked again before the next open. Some
/// servers answer 404 for every trouble of theirs, so a file is gone only when its folder says so too.
Task<FsError> Filesystem::judge_read_failure(std::shared_ptr<FileHandle> file, Error failure) {
  const FsError error = read_error(failure);
  if (error.code != ESTALE) co_return error;
  const Place place = tree_.locate(file->path);
  if (place.mount != file->mount) co_return error;  // what is mounted there now has no part in it
  place.mount->listing->expire(place.relative.parent());
  if (failure.kind == ErrorKind::not_found) {
    const Result<DirectoryEntry> entry = co_await place.mount->listing->lookup(place.relative);
    const bool is_gone = !entry && entry.error().kind == ErrorKind::not_found;
    const bool is_other = entry && !is_same_version(*file->version, *entry);
    if (!is_gone && !is_other) co_return FsError(EIO, error.text);
  }
  outdate(file->node);
  co_return error;
}

void Filesystem::release(std::uint64_t handle) {
  const std::shared_ptr<FileHandle> file = handles_.file(handle);
  if (file == nullptr) return;
  file->reader->release();
  handles_.remove_file(handle);
}

}  // namespace balancefs
