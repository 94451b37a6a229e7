// A handle's reader over the disk cache: what is on disk from there, the rest from the network.
//
// Decorates the storage's reader, so that a read that the disk serves asks no member and takes no rotation
// step. Every block is compared with its checksum before a byte of it is delivered; one that does not fit is
// fetched like one that was never there. Before the network is asked for a version with blocks on disk, some
// of them are shown to it as held, so that members prove themselves against them. Loop thread.
#pragma once

#include <memory>

#include "balancefs/storage.h"
#include "io/disk_cache.h"

namespace balancefs {

class DiskReader final : public ObjectReader {
 public:
  DiskReader(DiskCache& cache, std::shared_ptr<DiskFile> file, std::unique_ptr<ObjectReader> network);
  DiskReader(const DiskReader&) = delete;
  DiskReader& operator=(const DiskReader&) = delete;
  ~DiskReader() override;

  Task<Result<void>> read(ByteRange range, ByteSink& sink, RequestContext& why) override;

 private:
  /// Delivers up to a chunk of what is on disk from the run's begin on; nothing where it turns out useless,
  /// and then it is not there any more.
  Task<Result<void>> from_disk(ByteRange run, ByteSink& sink, RequestContext& why, std::uint64_t order);
  /// Reads whole units into the turn's buffer: how many bytes from the start on are right.
  Task<std::uint64_t> fetch(ByteRange units, DiskTurns::Turn& turn);
  void failed(DiskEntry& entry, ByteRange units, const Error& error);
  Task<void> show_sample(std::uint64_t position, RequestContext& why, std::uint64_t order);
  bool proof_needed(std::uint64_t position) const;

  std::uint64_t held_until(std::uint64_t at, std::uint64_t end) const;
  std::uint64_t missing_until(std::uint64_t at, std::uint64_t end) const;
  ByteRange chunk_of(ByteRange run) const;

  DiskCache& cache_;
  std::shared_ptr<DiskFile> file_;
  std::unique_ptr<ObjectReader> network_;
};

}  // namespace balancefs
