#include "io/disk_writer.h"

#include <algorithm>

#include "base/log.h"

namespace balancefs {
namespace {

// One job: long enough to open the files once for many frames, short enough that the end of the daemon does
// not wait for it.
constexpr std::uint64_t kBatch = 4ull * 1024 * 1024;
// A disk that was full or failed is tried again.
constexpr Duration kPause = std::chrono::minutes(5);
// How often a cache that does not write looks whether others need the disk.
constexpr Duration kLook = std::chrono::minutes(1);

}  // namespace

bool DiskWriter::paused() const {
  return core_.clock.now() < paused_until_;
}

/// Each keeps a whole frame, however little of it is to be written.
bool DiskWriter::accepts() const {
  return running_ && !closing_ && !paused() && (writes_.size() + 1) * kFrameBytes <= core_.options.queue;
}

void DiskWriter::write(DiskWrite write) {
  queued_ += write.run.bytes.size();
  writes_.push_back(std::move(write));
  wake_.wake_all();
}

void DiskWriter::remove(DiskEntry& entry) {
  if (entry.removed) return;
  doomed_.push_back(entry.name);
  core_.index.remove(entry);
  wake_.wake_all();
}

void DiskWriter::note_use(const DiskEntry& entry) {
  used_.push_back(entry.name);
  wake_.wake_all();
}

Task<void> DiskWriter::run(DiskWriter& writer) {
  writer.running_ = true;
  Clock& clock = writer.core_.clock;
  TimePoint look = clock.now() + kLook;
  while (!writer.closing_ || !writer.idle()) {
    if (!writer.idle()) {
      co_await writer.step();
    } else if (clock.now() < look) {
      static_cast<void>(co_await writer.wake_.wait_until(clock, look));
    } else {
      co_await writer.keep_free();
      look = clock.now() + kLook;
    }
  }
  writer.running_ = false;
  writer.ended_.wake_all();
}

Task<void> DiskWriter::step() {
  if (!doomed_.empty()) return remove_files();
  if (!writes_.empty()) return write_batch();
  return touch_files();
}

Task<void> DiskWriter::close() {
  closing_ = true;
  wake_.wake_all();
  const TimePoint until = core_.clock.now() + kEndWithin;
  bool in_time = true;
  while (running_ && in_time) in_time = co_await ended_.wait_until(core_.clock, until);
  drop_queue();
  while (running_) co_await ended_.wait();
}

void DiskWriter::drop_queue() {
  std::deque<DiskWrite> dropped = std::exchange(writes_, {});
  core_.figures.skipped += queued_;
  queued_ = 0;
  while (!dropped.empty()) {
    const std::shared_ptr<DiskEntry> entry = dropped.front().use.entry();
    dropped.pop_front();
    settle(*entry);
  }
}

// ---- what is to be done ---------------------------------------------------------------------------------

Task<void> DiskWriter::remove_files() {
  const std::vector<DiskName> names = std::exchange(doomed_, {});
  std::function<Result<DiskRoom>()> job = [folder = core_.folder, names] {
    Result<DiskRoom> room = DiskRoom();
    for (const DiskName& name : names) room = remove_entry(*folder, name);
    return room;
  };
  const Result<DiskRoom> room = co_await core_.writes.run(std::move(job), std::nullopt);
  if (room) core_.room = *room;
  if (!room && !paused()) pause(room.error().text);
}

Task<void> DiskWriter::touch_files() {
  const std::vector<DiskName> names = std::exchange(used_, {});
  std::function<Result<bool>()> job = [folder = core_.folder, names] {
    for (const DiskName& name : names) touch_entry(*folder, name);
    return true;
  };
  const Result<bool> done = co_await core_.writes.run(std::move(job), std::nullopt);
  static_cast<void>(done);
}

std::uint64_t DiskWriter::batch_limit() const {
  return std::min(kBatch, core_.options.size / 4);
}

/// What waits for the entry whose turn it is.
std::vector<DiskWrite> DiskWriter::take_batch() {
  std::vector<DiskWrite> batch;
  std::uint64_t bytes = 0;
  const DiskEntry* entry = writes_.front().use.entry().get();
  std::deque<DiskWrite> others;
  while (!writes_.empty()) {
    DiskWrite write = std::move(writes_.front());
    writes_.pop_front();
    const bool fits = batch.empty() || (bytes + write.run.bytes.size() <= batch_limit() &&
                                        (batch.size() + 1) * kFrameBytes <= kBatch);
    if (write.use.entry().get() == entry && fits) {
      bytes += write.run.bytes.size();
      batch.push_back(std::move(write));
    } else {
      others.push_back(std::move(write));
    }
  }
  writes_.swap(others);
  queued_ -= bytes;
  return batch;
}

Task<void> DiskWriter::write_batch() {
  std::vector<DiskWrite> batch = take_batch();
  const std::shared_ptr<DiskEntry> entry = batch.front().use.entry();
  std::uint64_t bytes = 0;
  for (const DiskWrite& write : batch) bytes += write.run.bytes.size();
  bool possible = !paused();
  if (possible) possible = co_await make_room(bytes);
  std::erase_if(batch, [](const DiskWrite& write) { return write.outdated(); });
  if (possible && !batch.empty()) {
    EntryWrite what = plan(batch);
    std::function<Result<Written>()> job = [folder = core_.folder, what = std::move(what)] {
      return write_units(*folder, what);
    };
    const Result<Written> written = co_await core_.writes.run(std::move(job), std::nullopt);
    stored(batch, written);
  } else {
    core_.figures.skipped += bytes;
  }
  batch.clear();
  settle(*entry);
}

EntryWrite DiskWriter::plan(std::vector<DiskWrite>& batch) {
  DiskEntry& entry = *batch.front().use.entry();
  if (entry.file != nullptr) entry.header = describe(*entry.file->version, entry.file->origin, *entry.header);
  EntryWrite what;
  what.name = entry.name;
  what.size = entry.header->size;
  what.header_room = entry.header_room;
  what.create = !entry.made;
  what.header = encode_header(*entry.header, entry.name, entry.header_room);
  // One that outgrew its room stays as it was: a restart then knows fewer sources and asks for more proof.
  const std::uint64_t hash = hash_of_path(what.header);
  if (entry.written_header == hash) what.header.clear();
  entry.written_header = hash;
  std::ranges::sort(batch, {}, [](const DiskWrite& write) { return write.run.offset; });
  for (const DiskWrite& write : batch) what.runs.push_back(write.run);
  return what;
}

void DiskWriter::stored(const std::vector<DiskWrite>& batch, const Result<Written>& written) {
  DiskEntry& entry = *batch.front().use.entry();
  if (!written) {
    entry.written_header = 0;  // who knows what became of it
    return failed(entry, written.error());
  }
  told_ = false;
  entry.made = true;
  core_.room = written->room;
  core_.index.set_bytes(entry, written->bytes);
  auto sum = written->sums.begin();
  for (const DiskWrite& write : batch) {
    const std::uint64_t first = write.run.offset / kUnitBytes;
    const std::uint64_t count = (write.run.bytes.size() + kUnitBytes - 1) / kUnitBytes;
    for (std::uint64_t unit = first; unit < first + count; ++unit) core_.index.set_sum(entry, unit, *sum++);
    core_.index.touch(entry, ByteRange(write.run.offset, write.run.bytes.size()));
    core_.figures.written += write.run.bytes.size();
  }
}

void DiskWriter::settle(DiskEntry& entry) {
  if (entry.removed || entry.users > 0 || entry.file != nullptr) return;
  if (entry.made) {
    core_.index.unload(entry);
  } else {
    core_.index.remove(entry);  // nothing of it came to the disk
  }
}

// ---- trouble --------------------------------------------------------------------------------------------

void DiskWriter::failed(DiskEntry& entry, const Error& error) {
  switch (error.kind) {
    case ErrorKind::not_found:  // somebody has emptied the folder
    case ErrorKind::corrupted:
    case ErrorKind::too_large:
      if (entry.made || error.kind == ErrorKind::too_large) {
        log_debug("cache {}: {}: {}", core_.folder->path(), entry.name.text(), error.text);
        return remove(entry);
      }
      return pause(error.text);
    case ErrorKind::denied:
    case ErrorKind::changed:
    case ErrorKind::throttled:
    case ErrorKind::unavailable:
    case ErrorKind::stalled:
    case ErrorKind::timed_out:
    case ErrorKind::no_space:
    case ErrorKind::unsupported:
    case ErrorKind::cancelled:
      return pause(error.text);
  }
}

void DiskWriter::pause(const std::string& why) {
  paused_until_ = core_.clock.now() + kPause;
  drop_queue();
  if (!told_) {
    log_warning("cache {}: nothing more is kept on disk for now: {}; reading goes on", core_.folder->path(),
                why);
  }
  told_ = true;
}

}  // namespace balancefs
