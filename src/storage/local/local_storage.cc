#include "storage/local/local_storage.h"

#include <fmt/format.h>

#include "storage/local/local_files.h"

namespace balancefs {
namespace {

// The grain of the memory budget; a cancelled read leaves at most one such job behind.
constexpr std::uint64_t kPiece = 128 * 1024;

class LocalReader final : public ObjectReader {
 public:
  LocalReader(WorkerThread& worker, std::string root, bool etags, std::shared_ptr<Version> version,
              MemberIndex self)
      : worker_(worker), root_(std::move(root)), etags_(etags), version_(std::move(version)), self_(self) {}

  Task<Result<void>> read(ByteRange range, ByteSink& sink, RequestContext& why) override;

 private:
  using File = std::shared_ptr<const FileDescriptor>;

  Task<Result<void>> ensure_open(std::optional<TimePoint> deadline);
  Task<Result<LocalPiece>> piece(std::uint64_t offset, std::uint64_t count,
                                 std::optional<TimePoint> deadline);
  Result<void> check(const LocalPiece& piece, std::uint64_t wanted) const;

  WorkerThread& worker_;
  std::string root_;
  bool etags_;
  std::shared_ptr<Version> version_;
  MemberIndex self_;
  File file_;  ///< kept: reads go on with the file that was opened when another takes its name
};

Task<Result<void>> LocalReader::ensure_open(std::optional<TimePoint> deadline) {
  if (file_) co_return Result<void>();
  std::function<Result<File>()> job = [root = root_, path = version_->path_of(self_)]() -> Result<File> {
    Result<FileDescriptor> opened = open_file(root, path);
    if (!opened) return std::unexpected<Error>(std::move(opened.error()));
    return std::make_shared<const FileDescriptor>(std::move(*opened));
  };
  const Result<File> file = co_await worker_.run(std::move(job), deadline);
  if (!file) co_return std::unexpected<Error>(file.error());
  if (!file_) file_ = *file;  // reads that run at once open once too often, and keep the first
  co_return Result<void>();
}

Task<Result<LocalPiece>> LocalReader::piece(std::uint64_t offset, std::uint64_t count,
                                            std::optional<TimePoint> deadline) {
  std::function<Result<LocalPiece>()> job = [file = file_, path = version_->path_of(self_), offset, count,
                                             etags = etags_] {
    return read_piece(*file, path, offset, count, etags);
  };
  return worker_.run(std::move(job), deadline);
}

Result<void> LocalReader::check(const LocalPiece& piece, std::uint64_t wanted) const {
  if (piece.size != version_->size()) {
    return fail(ErrorKind::changed,
                fmt::format("'{}': {} bytes now, {} before", version_->path_of(self_).str(), piece.size,
                            version_->size()));
  }
  if (piece.bytes.size() != wanted)
    return fail(ErrorKind::changed, "the file became shorter while it was read");
  return version_->confirm(fmt::format("{}/direct/local", self_), piece.validator);
}

Task<Result<void>> LocalReader::read(ByteRange range, ByteSink& sink, RequestContext& why) {
  why.served_by = self_;
  const Result<void> opened = co_await ensure_open(why.deadline);
  if (!opened) co_return opened;
  while (sink.position() < range.end()) {
    const std::uint64_t count = std::min(kPiece, range.end() - sink.position());
    const Result<LocalPiece> got = co_await piece(sink.position(), count, why.deadline);
    if (!got) co_return std::unexpected<Error>(got.error());
    if (auto right = check(*got, count); !right) co_return right;
    if (auto taken = sink.write(got->bytes); !taken) co_return taken;
  }
  co_return Result<void>();
}

}  // namespace

LocalStorage::LocalStorage(const StorageOptions& options, Executor executor, Clock& clock)
    : root_(options.root), etags_(options.etags), worker_(std::move(executor), clock) {
  traits_.name = options.path;
  traits_.type = "local";
}

Task<Result<void>> LocalStorage::list(Path directory, ListingSink& entries, RequestContext& why) {
  std::function<Result<LocalEntries>()> job = [root = root_, directory, etags = etags_] {
    return list_directory(root, directory, etags);
  };
  const Result<LocalEntries> listed = co_await worker_.run(std::move(job), why.deadline);
  if (!listed) co_return std::unexpected<Error>(listed.error());
  for (const auto& [name, info] : *listed) {
    if (auto taken = entries.entry(name, info); !taken) co_return taken;
  }
  co_return Result<void>();
}

Task<Result<ObjectInfo>> LocalStorage::stat(Path path, RequestContext& why) {
  std::function<Result<ObjectInfo>()> job = [root = root_, path = std::move(path), etags = etags_] {
    return stat_object(root, path, etags);
  };
  return worker_.run(std::move(job), why.deadline);
}

std::unique_ptr<ObjectReader> LocalStorage::open(std::shared_ptr<Version> version, MemberIndex self) {
  return std::make_unique<LocalReader>(worker_, root_, etags_, std::move(version), self);
}

Task<Result<void>> LocalStorage::probe(RequestContext& why) {
  const Result<ObjectInfo> root = co_await stat(Path(), why);
  if (!root) co_return std::unexpected<Error>(root.error());
  co_return Result<void>();
}

/// Waits for the call that runs, on the loop: a disk that hangs must not hold up whoever destroys us, where
/// nothing limits the time.
Task<void> LocalStorage::close() {
  std::function<Result<bool>()> nothing = [] { return Result<bool>(true); };
  const Result<bool> last = co_await worker_.run(std::move(nothing), std::nullopt);
  static_cast<void>(last);
}

}  // namespace balancefs
