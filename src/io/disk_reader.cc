#include "io/disk_reader.h"

#include <algorithm>

namespace balancefs {
namespace {

// Blocks on disk in the middle of what the network is asked for: fewer than this cost more as one more
// request than as bytes that come a second time.
constexpr std::uint64_t kWorthARequest = 1024ull * 1024;
constexpr Duration kStall = std::chrono::seconds(5);
// As much as a member shows of what is held (docs/SEMANTICS.md, "Reading").
constexpr std::uint64_t kSample = 64ull * 1024;
constexpr int kSampleAttempts = 8;

}  // namespace

DiskReader::DiskReader(DiskCache& cache, std::shared_ptr<DiskFile> file,
                       std::unique_ptr<ObjectReader> network)
    : cache_(cache), file_(std::move(file)), network_(std::move(network)) {
  ++file_->readers;
}

DiskReader::~DiskReader() {
  if (--file_->readers == 0) cache_.closed(file_);
}

Task<Result<void>> DiskReader::read(ByteRange range, ByteSink& sink, RequestContext& why) {
  const std::uint64_t order = cache_.next_read_++;
  co_await cache_.decide(file_);
  while (sink.position() < range.end()) {
    const std::uint64_t at = sink.position();
    const std::uint64_t held = held_until(at, range.end());
    Result<void> outcome;
    if (held > at) {
      outcome = co_await from_disk(ByteRange(at, held - at), sink, why, order);
    } else {
      co_await show_sample(at, why, order);
      const ByteRange missing(at, missing_until(at, range.end()) - at);
      outcome = co_await network_->read(missing, sink, why);
    }
    if (!outcome) {
      cache_.blocks_of(*file_);  // if that was the version's end, it is theirs
      co_return outcome;
    }
  }
  co_return Result<void>();
}

std::uint64_t DiskReader::held_until(std::uint64_t at, std::uint64_t end) const {
  const DiskEntry* entry = cache_.readable() ? cache_.blocks_of(*file_) : nullptr;
  return entry != nullptr ? cache_.core_.index.held_until(*entry, at, end) : at;
}

std::uint64_t DiskReader::missing_until(std::uint64_t at, std::uint64_t end) const {
  const DiskEntry* entry = cache_.readable() ? cache_.blocks_of(*file_) : nullptr;
  if (entry == nullptr) return end;
  const std::uint64_t until = cache_.core_.index.missing_until(*entry, at, end, kWorthARequest);
  // A sample that was read meanwhile may have found damage, or new blocks may have come to the disk.
  return until > at ? until : end;
}

/// From the unit of the run's first byte on, at most one chunk of whole units; the file's last may be short.
ByteRange DiskReader::chunk_of(ByteRange run) const {
  const std::uint64_t from = round_down(run.offset, kUnitBytes);
  const std::uint64_t until = std::min(round_up(run.end(), kUnitBytes), from + DiskTurns::kChunk);
  return ByteRange(from, std::min(until, file_->version->size()) - from);
}

Task<Result<void>> DiskReader::from_disk(ByteRange run, ByteSink& sink, RequestContext& why,
                                         std::uint64_t order) {
  DiskTurns::Turn turn(cache_.turns_, order, why.awaited);
  co_await turn.wait();
  // Waiting changes things: what is gone is no longer read here.
  run.length = held_until(run.offset, run.end()) - run.offset;
  if (run.empty()) co_return Result<void>();
  const ByteRange units = chunk_of(run);
  const std::uint64_t good = co_await fetch(units, turn);
  const std::uint64_t until = std::min(units.offset + good, run.end());
  if (until <= run.offset) co_return Result<void>();
  const std::uint64_t count = until - run.offset;
  cache_.core_.figures.read += count;
  co_return sink.write(turn.bytes().subspan(run.offset - units.offset, count));
}

Task<std::uint64_t> DiskReader::fetch(ByteRange units, DiskTurns::Turn& turn) {
  const std::shared_ptr<DiskEntry> entry = file_->entry;
  DiskCore& core = cache_.core_;
  const SegmentUse use(entry, units);
  std::vector<std::uint64_t> sums;
  for (std::uint64_t at = units.offset; at < units.end(); at += kUnitBytes)
    sums.push_back(core.index.sum(*entry, at / kUnitBytes));
  core.index.touch(*entry, units);
  std::function<Result<std::uint64_t>()> job = [folder = core.folder, name = entry->name, units,
                                                buffer = turn.buffer(), sums = std::move(sums)] {
    const std::span<std::byte> into(buffer.get(), DiskTurns::kChunk);
    return read_units(*folder, name, units, into, sums);
  };
  WorkerThread& worker = core.reads[cache_.next_job_++ % core.reads.size()];
  const Result<std::uint64_t> good = co_await worker.run(std::move(job), core.clock.now() + kStall);
  if (good || good.error().kind != ErrorKind::timed_out) turn.done_with_buffer();
  if (good) {
    if (*good < units.length) cache_.damaged(*entry, (units.offset + *good) / kUnitBytes);
    co_return *good;
  }
  failed(*entry, units, good.error());
  co_return 0;
}

void DiskReader::failed(DiskEntry& entry, ByteRange units, const Error& error) {
  if (error.kind == ErrorKind::timed_out) return cache_.read_stalled();
  if (error.kind == ErrorKind::not_found) return cache_.writer_.remove(entry);  // somebody emptied the folder
  for (std::uint64_t at = units.offset; at < units.end(); at += kUnitBytes)
    cache_.damaged(entry, at / kUnitBytes);
}

bool DiskReader::proof_needed(std::uint64_t position) const {
  const Version& version = *file_->version;
  const bool known = std::ranges::none_of(version.copies(), [&version](const ObjectInfo& copy) {
    return version.standing(copy.member) == Version::Standing::unproven;
  });
  return !known && (version.held() == nullptr || !version.held()->sample_near(position, 1));
}

/// Members prove themselves against what is held, on disk as well as in memory. Where nothing can be shown of
/// blocks that are there, they are not used beside a member's bytes any more.
Task<void> DiskReader::show_sample(std::uint64_t position, RequestContext& why, std::uint64_t order) {
  for (int attempt = 0; attempt < kSampleAttempts; ++attempt) {
    const DiskEntry* entry = cache_.blocks_of(*file_);
    if (entry == nullptr || !proof_needed(position)) co_return;
    const ByteRange run = cache_.core_.index.any_held(*entry, position, kSample);
    if (run.empty()) co_return;
    if (!cache_.readable()) break;
    DiskTurns::Turn turn(cache_.turns_, order, why.awaited);
    co_await turn.wait();
    const ByteRange units = chunk_of(run);
    if (held_until(units.offset, units.end()) < units.end()) continue;
    const std::uint64_t good = co_await fetch(units, turn);
    if (good == 0) continue;
    HeldBytes::Sample sample;
    sample.offset = units.offset;
    const auto bytes = turn.bytes().first(good);
    sample.bytes.assign(bytes.begin(), bytes.end());
    if (cache_.blocks_of(*file_) != nullptr) file_->version->set_spare_sample(std::move(sample));
    co_return;
  }
  file_->off = true;
}

}  // namespace balancefs
