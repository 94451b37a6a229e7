// The working parts of one FileReader: its window, its interests in transfers, and the flow of a read.
//
// A read is answered from held blocks, or pins the frames it needs (all at once or, holding nothing, after
// its turn in the budget's queue), demands what is neither held nor under way, and waits for exactly its
// bytes. Shared by the FileReader and the reads under way, so that either may go first. Loop thread.
#pragma once

#include <list>
#include <memory>
#include <optional>
#include <vector>

#include "io/file_reader.h"
#include "io/read_core.h"
#include "io/read_plan.h"

namespace balancefs {

class ReadHandle {
 public:
  ReadHandle(ReadCore& core, std::shared_ptr<Version> version, std::unique_ptr<ObjectReader> reader);
  ReadHandle(const ReadHandle&) = delete;
  ReadHandle& operator=(const ReadHandle&) = delete;
  ~ReadHandle();

  static Task<Result<ReadReply>> read(std::shared_ptr<ReadHandle> self, std::uint64_t offset,
                                      std::size_t size);
  void release();

 private:
  /// One attempt in one epoch of the version; `reach`: where a demanded part may end.
  static Task<Result<ReadReply>> fetch(std::shared_ptr<ReadHandle> self, ByteRange wanted,
                                       std::uint64_t reach);
  static Task<Result<ReadReply>> await_bytes(std::shared_ptr<ReadHandle> self, ByteRange wanted,
                                             std::vector<FramePin> frames, std::vector<PartHold> interests);

  ByteRange inside(std::uint64_t offset, std::size_t size) const;
  std::optional<ReadReply> held(ByteRange wanted);
  /// Pins of all frames of `wanted`, those that do not exist created from `grant` or from memory that is free
  /// at once; empty, and nothing pinned, when there is too little.
  std::vector<FramePin> acquire(ByteRange wanted, MemoryBudget::Grant& grant);
  std::vector<PartHold> demand(ByteRange wanted, std::uint64_t reach);
  void prefetch();
  /// Fetches what is missing of `range`, and takes an interest in what others are fetching of it. Returns how
  /// far it came before memory ran out.
  std::uint64_t prefetch_part(ByteRange range, std::vector<PartHold>& interests);
  void hold(const std::shared_ptr<Part>& part, std::vector<PartHold>& interests);
  PartSource source() const { return PartSource(source_, plan_.meter()); }
  void drop_useless_holds();
  void count_streaming(bool streaming);
  ReadReply reply_from(std::vector<FramePin> frames, ByteRange wanted) const;
  ReadReply deliver(ReadReply reply);
  /// After a failed attempt in `epoch`: whether the version followed the file and the read begins again.
  bool follow(const Error& error, std::uint32_t epoch, int attempt);
  void drop_older_epoch();
  Version& version() const { return blocks_->version(); }

  ReadCore& core_;
  std::shared_ptr<BlockSet> blocks_;
  std::shared_ptr<ObjectReader> source_;
  ReadPlan plan_;
  std::vector<PartHold> holds_;  ///< in what is fetched ahead of the streams
  std::vector<PartHold> tail_;   ///< in the end of the file
  bool streaming_ = false;       ///< in core_.streams
  std::list<ReadCore::Stream>::iterator place_;
  bool released_ = false;
};

}  // namespace balancefs
