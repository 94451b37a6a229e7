#include "io/disk_cache.h"

#include "base/log.h"
#include "io/disk_reader.h"

namespace balancefs {
namespace {

// Somebody else may be on the way out: an unmount takes up to 10 s, and a second daemon may end any time.
constexpr Duration kTryAgain = std::chrono::seconds(30);
// Reads wait that long for the folder, and all together: listing it takes milliseconds.
constexpr Duration kOpening = std::chrono::seconds(1);
// A disk that gives nothing for so long is slower than any storage; it may come back.
constexpr Duration kReadPause = std::chrono::seconds(30);

// Buffers that jobs still have after their reads have gone: more are not given to a disk that does not
// answer.
constexpr std::size_t kMostLost = 16;

}  // namespace

DiskCache::DiskCache(DiskOptions options, const Executor& executor, Clock& clock)
    : core_(std::move(options), executor, clock), writer_(core_), scope_(executor), writing_(executor) {}

DiskCache::~DiskCache() {
  BALANCEFS_CHECK(files_.empty());
}

void DiskCache::start() {
  open_by_ = core_.clock.now() + kOpening;
  scope_.spawn(open_folder());
}

Task<void> DiskCache::open_folder() {
  bool waiting = false;
  for (;;) {
    std::function<Result<OpenedFolder>()> job = [path = core_.options.folder] {
      return Result<OpenedFolder>(open_disk_folder(path));
    };
    Result<OpenedFolder> opened = co_await core_.reads[0].run(std::move(job), std::nullopt);
    const bool in_use = opened->state == OpenedFolder::State::in_use;
    if (in_use && !waiting) {
      log_warning("cache {}: in use by another balancefs; file data is kept in memory only until that ends",
                  core_.options.folder);
    }
    if (take_folder(std::move(*opened)) || !in_use) co_return;
    waiting = true;
    co_await sleep_for(core_.clock, kTryAgain);
  }
}

/// Whatever came of it, those who wait for the folder go on.
bool DiskCache::take_folder(OpenedFolder opened) {
  opening_ = false;
  opened_.wake_all();
  if (opened.state == OpenedFolder::State::unusable) {
    log_warning("cache {}: cannot be used: {}; file data is kept in memory only", core_.options.folder,
                opened.why);
  }
  if (opened.state != OpenedFolder::State::open) return false;
  core_.folder = std::move(opened.folder);
  core_.room = opened.room;
  for (const FoundEntry& found : opened.entries) core_.index.add(found);
  log_info("cache {}: {} files, {} MiB", core_.options.folder, core_.index.entries(),
           core_.index.bytes() >> 20);
  writing_.spawn(DiskWriter::run(writer_));
  return true;
}

std::unique_ptr<ObjectReader> DiskCache::wrap(std::shared_ptr<Version> version, FileOrigin origin,
                                              std::unique_ptr<ObjectReader> network) {
  if (origin.path.empty() || closing_) return network;
  std::shared_ptr<DiskFile>& file = files_[version->id()];
  if (!file) file = std::make_shared<DiskFile>(std::move(version), std::move(origin));
  return std::make_unique<DiskReader>(*this, file, std::move(network));
}

void DiskCache::filled(BlockSet& set, Frame& frame, ByteRange units) {
  const auto found = files_.find(set.version().id());
  if (found == files_.end() || found->second->state != DiskFile::State::decided) return;
  const std::shared_ptr<DiskFile> file = found->second;
  DiskEntry* entry = blocks_of(*file);
  if (file->off || set.version().ended()) return;
  std::uint64_t at = units.offset;
  while (at < units.end()) {
    // What came from disk, or came again beside it, is there.
    if (entry != nullptr) at = core_.index.held_until(*entry, at, units.end());
    const std::uint64_t end =
        entry != nullptr ? core_.index.missing_until(*entry, at, units.end(), 1) : units.end();
    if (at >= end) break;
    const ByteRange run(at, end - at);
    at = end;
    if (!writer_.accepts()) {
      core_.figures.skipped += run.length;
      continue;
    }
    if (entry == nullptr) entry = make_entry(*file);
    if (entry == nullptr || !core_.index.prepare(*entry, run)) return;
    const std::byte* bytes = frame.data + run.offset % kFrameBytes;
    const UnitRun data(run.offset, std::span(bytes, run.length));
    writer_.write(
        DiskWrite(EntryUse(file->entry), SegmentUse(file->entry, run), file->version, FramePin(frame), data));
  }
}

bool DiskCache::readable() {
  return core_.clock.now() >= reads_paused_until_ && turns_.lost() < kMostLost;
}

void DiskCache::read_stalled() {
  const bool told = core_.clock.now() < reads_paused_until_;
  if (!told)
    log_warning("cache {}: the disk does not answer; reading goes on without it", core_.options.folder);
  reads_paused_until_ = core_.clock.now() + kReadPause;
}

void DiskCache::damaged(DiskEntry& entry, std::uint64_t unit) {
  core_.index.set_sum(entry, unit, 0);
  ++core_.figures.damaged;
  if (std::exchange(entry.told_damage, true)) return;
  log_warning("cache {}: {} has damaged blocks; they are fetched again", core_.options.folder,
              entry.name.data_file());
}

Task<void> DiskCache::close() {
  for (const auto& [id, file] : files_) blocks_of(*file);  // those of versions that have ended go now
  closing_ = true;
  co_await writer_.close();
  co_await scope_.close();
  co_await writing_.close();
  // Here and not in the threads' destructors, where nothing limits the time.
  std::function<Result<bool>()> nothing = [] { return Result<bool>(true); };
  for (WorkerThread* worker : {&core_.reads[0], &core_.reads[1], &core_.writes}) {
    std::function<Result<bool>()> last = nothing;
    const Result<bool> done = co_await worker->run(std::move(last), std::nullopt);
    static_cast<void>(done);
  }
}

DiskSnapshot DiskCache::snapshot() const {
  using State = DiskSnapshot::State;
  DiskSnapshot now = core_.figures;
  now.state = core_.folder == nullptr ? (opening_ ? State::opening : State::off)
                                      : (writer_.paused() ? State::paused : State::on);
  now.folder = core_.options.folder;
  now.size = core_.options.size;
  now.used = core_.index.bytes();
  now.entries = core_.index.entries();
  now.queued = writer_.queued();
  return now;
}

}  // namespace balancefs
