// Which entry on disk serves a version, and when it no longer does.
#include <random>

#include "base/log.h"
#include "io/disk_cache.h"

namespace balancefs {
namespace {

// Local disks answer in milliseconds; for longer than this reads do not wait for what may be on one.
constexpr Duration kLoading = std::chrono::seconds(5);

/// Whatever way the search ends, those who wait for it go on.
class Decision {
 public:
  explicit Decision(std::shared_ptr<DiskFile> file) : file_(std::move(file)) {}
  Decision(const Decision&) = delete;
  Decision& operator=(const Decision&) = delete;
  ~Decision() {
    file_->state = DiskFile::State::decided;
    file_->decided.wake_all();
  }

 private:
  std::shared_ptr<DiskFile> file_;
};

std::uint64_t random_number() {
  std::random_device source;
  return (std::uint64_t{source()} << 32) | source();
}

}  // namespace

Task<void> DiskCache::decide(std::shared_ptr<DiskFile> file) {
  if (file->state == DiskFile::State::decided) co_return;
  while (opening_ && !closing_ && core_.clock.now() < open_by_) {
    const bool woken = co_await opened_.wait_until(core_.clock, open_by_);
    if (!woken) co_return;
  }
  if (core_.folder == nullptr || closing_ || !readable()) co_return;
  if (file->state == DiskFile::State::undecided) {
    if (core_.index.of_path(hash_of_path(file->origin.path)).empty()) {
      file->state = DiskFile::State::decided;
      co_return;
    }
    file->state = DiskFile::State::deciding;
    file->decide_by = core_.clock.now() + kLoading;
    scope_.spawn(attach(*this, file));
  }
  while (file->state == DiskFile::State::deciding && core_.clock.now() < file->decide_by) {
    const bool woken = co_await file->decided.wait_until(core_.clock, file->decide_by);
    if (!woken) co_return read_stalled();
  }
}

Task<void> DiskCache::attach(DiskCache& cache, std::shared_ptr<DiskFile> file) {
  const Decision decision(file);
  const auto entries = cache.core_.index.of_path(hash_of_path(file->origin.path));
  for (const std::shared_ptr<DiskEntry>& entry : entries) {
    const EntryUse use(entry);
    const bool loaded = co_await cache.load(entry);
    // Its last reader may have left meanwhile: then the cache has forgotten the file.
    if (loaded && file->readers > 0) cache.consider(file, entry);
  }
  for (const std::shared_ptr<DiskEntry>& entry : entries) cache.writer_.settle(*entry);
}

Task<bool> DiskCache::load(std::shared_ptr<DiskEntry> entry) {
  if (entry->loaded() || entry->removed) co_return entry->loaded() && !entry->removed;
  std::function<Result<LoadedEntry>()> job = [folder = core_.folder, name = entry->name] {
    return load_entry(*folder, name);
  };
  Result<LoadedEntry> loaded = co_await core_.reads[0].run(std::move(job), std::nullopt);
  if (entry->removed || entry->loaded()) co_return !entry->removed;
  if (loaded) {
    core_.index.load(*entry, std::move(*loaded));
    co_return true;
  }
  if (loaded.error().kind != ErrorKind::unavailable) {
    log_warning("cache {}: {} is dropped: {}", core_.options.folder, entry->name.index_file(),
                loaded.error().text);
    writer_.remove(*entry);
  }
  co_return false;
}

void DiskCache::consider(const std::shared_ptr<DiskFile>& file, const std::shared_ptr<DiskEntry>& entry) {
  const Version& version = *file->version;
  const DiskMatch match =
      match_header(*entry->header, file->origin.path, version.size(), copies_of(version, file->origin));
  if (entry->file != nullptr && entry->file != file.get()) {
    // Of an older version that is still open: its blocks are right for that one.
    if (blocks_of(*entry->file) == nullptr || match != DiskMatch::same) return;
    file->off = true;  // the same state twice: one has it
    return;
  }
  const bool served_it = entry->version == version.id() && entry->epoch == version.epoch();
  if (served_it || (match == DiskMatch::same && may_join(version, *entry->header, file->origin))) {
    if (file->entry == nullptr) join(*file, entry);
  } else if (match == DiskMatch::other) {
    writer_.remove(*entry);
  }
}

void DiskCache::join(DiskFile& file, const std::shared_ptr<DiskEntry>& entry) {
  if (file.version->ended() || file.version->epoch() != file.epoch) return;
  if (entry->version != file.version->id()) restore(*file.version, *entry->header, file.origin);
  file.entry = entry;
  entry->file = &file;
  entry->version = file.version->id();
  entry->epoch = file.epoch;
}

DiskEntry* DiskCache::make_entry(DiskFile& file) {
  const Version& version = *file.version;
  // Without a validator in the listing the next run could not tell this state from another.
  if (version.info().validator.empty() || version.size() > kLargestDiskFile) {
    file.off = true;
    return nullptr;
  }
  const DiskName name(hash_of_path(file.origin.path), random_number());
  const auto entry = core_.index.create(name, describe(version, file.origin, DiskHeader()));
  entry->version = version.id();
  join(file, entry);
  return file.blocks();
}

DiskEntry* DiskCache::blocks_of(DiskFile& file) {
  const bool moved = file.version->ended() || file.version->epoch() != file.epoch;
  if (moved && file.blocks() != nullptr) writer_.remove(*file.entry);
  if (moved) file.epoch = file.version->epoch();
  if (file.entry && file.entry->removed) {
    file.entry->file = nullptr;
    file.entry.reset();
    file.off = file.off || file.version->ended();
  }
  return closing_ || file.off ? nullptr : file.blocks();
}

void DiskCache::closed(const std::shared_ptr<DiskFile>& file) {
  static_cast<void>(blocks_of(*file));  // gives up those of a version that has ended
  file->version->set_spare_sample(HeldBytes::Sample());
  files_.erase(file->version->id());
  const std::shared_ptr<DiskEntry> entry = std::exchange(file->entry, nullptr);
  if (!entry) return;
  entry->header = describe(*file->version, file->origin, *entry->header);
  entry->file = nullptr;
  if (entry->made) writer_.note_use(*entry);
  writer_.settle(*entry);
}

}  // namespace balancefs
