// The bytes held: blocks of versions in frames of memory, shared by all handles of a version.
//
// A frame exists while somebody has a use for it: a transfer that fills it, a reader that waits for it, a
// reply that points into it (each holds a pin), or, with no pin left, the hope that it is read again. Those
// idle frames form one list over all versions, the least recently used first, from which the budget reclaims.
// Those that a sequential reader has passed form another and go before them: the kernel's pages hold the same
// bytes. Only an eighth of the budget is left to them while others want memory, so that a long copy runs in
// little memory. Blocks are keyed by version and never outlive what they belong to: drop() empties a version
// at once, and frames that are still pinned then belong to nobody. Loop thread.
#pragma once

#include <array>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <unordered_map>
#include <utility>

#include "balancefs/bytes.h"
#include "balancefs/version.h"
#include "io/frame_memory.h"
#include "io/memory_budget.h"

namespace balancefs {

class BlockCache;
class BlockSet;

class Part;

/// The transfer that fills a unit, and how far it has come: the file offset of the next byte.
struct Fill {
  Part* part = nullptr;
  std::uint64_t position = 0;
};

/// 128 KiB of one version, on the grid. Managed by BlockCache and FramePin alone.
struct Frame {
  BlockCache& cache;
  BlockSet* set;  ///< null once the version has dropped it
  std::uint64_t index;
  std::byte* data;
  std::uint8_t held = 0;                              ///< a bit for each unit that is complete
  std::array<const Fill*, kUnitsPerFrame> filling{};  ///< who fills each unit; a fill pins its frames
  std::uint32_t pins = 0;
  bool passed = false;  ///< delivered to a reader that reads on: once it is idle, among the first to go
  std::list<Frame*>::iterator place;

  Frame(BlockCache& owner, BlockSet& blocks, std::uint64_t number, std::byte* memory)
      : cache(owner), set(&blocks), index(number), data(memory) {}
  bool holds(std::uint64_t unit) const { return ((held >> unit) & 1u) != 0; }
};

/// Keeps a frame, and its memory, from being reclaimed.
class FramePin {
 public:
  FramePin() = default;
  explicit FramePin(Frame& frame);
  FramePin(FramePin&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)) {}
  FramePin& operator=(FramePin&& other) noexcept;
  ~FramePin() { reset(); }
  void reset();
  bool pinned() const { return frame_ != nullptr; }
  Frame& operator*() const { return *frame_; }
  Frame* operator->() const { return frame_; }

 private:
  Frame* frame_ = nullptr;
};

/// The blocks of one version.
class BlockSet final : public HeldBytes {
 public:
  BlockSet(BlockCache& cache, std::shared_ptr<Version> version);
  BlockSet(const BlockSet&) = delete;
  BlockSet& operator=(const BlockSet&) = delete;
  ~BlockSet() override;

  Version& version() const { return *version_; }
  std::uint64_t size() const { return version_->size(); }
  Frame* find(std::uint64_t index) const;
  /// A new empty frame, for one frame of `grant`. There must be none with that index.
  FramePin create(std::uint64_t index, MemoryBudget::Grant& grant);
  /// Where the bytes that can be read from `offset` on end, at most `end`: held units, and those being filled
  /// as far as they are.
  std::uint64_t readable_until(std::uint64_t offset, std::uint64_t end) const;
  /// Whether the unit at `offset` is neither held nor being filled.
  bool missing(std::uint64_t offset) const;
  std::size_t frames() const { return frames_.size(); }
  /// The version's epoch that the blocks belong to.
  std::uint32_t epoch() const { return epoch_; }

  std::optional<Sample> sample_near(std::uint64_t offset, std::size_t limit) const override;

 private:
  friend class BlockCache;
  std::uint64_t readable_from(std::uint64_t end, std::uint64_t least) const;
  Sample copy(ByteRange range) const;

  BlockCache& cache_;
  std::shared_ptr<Version> version_;
  std::map<std::uint64_t, std::unique_ptr<Frame>> frames_;
  std::size_t handles_ = 0;
  std::uint32_t epoch_;
};

class BlockCache final : public MemoryBudget::Reclaimer {
 public:
  explicit BlockCache(MemoryBudget& budget);
  BlockCache(const BlockCache&) = delete;
  BlockCache& operator=(const BlockCache&) = delete;
  ~BlockCache() override;

  /// The blocks of a version, for one more handle.
  std::shared_ptr<BlockSet> open(std::shared_ptr<Version> version);
  /// That handle is gone. With the last one go the blocks of a version that has no validator or has ended.
  void close(BlockSet& set);
  /// Forgets all blocks of a version; what comes belongs to its present epoch. Transfers into them must have
  /// been abandoned.
  void drop(BlockSet& set);
  /// Forgets the blocks of all versions that no handle has open, and returns spare memory to the system.
  void drop_unused();

  std::size_t reclaimable() const override { return idle_frames(); }
  void reclaim_one() override;

  std::size_t idle_frames() const { return idle_.size() + passed_.size(); }
  std::size_t frames() const { return idle_frames() + busy_.size(); }
  std::size_t versions() const { return sets_.size(); }
  std::size_t handles() const { return handles_; }

 private:
  friend class BlockSet;
  friend class FramePin;
  void pin(Frame& frame);
  void unpin(Frame& frame);
  void recycle_passed();
  void remove(Frame& frame, std::list<Frame*>& from);
  void destroy(std::unique_ptr<Frame> frame, std::list<Frame*>& from);
  void forget_if_empty(BlockSet& set);
  std::list<Frame*>& list_of(const Frame& idle) { return idle.passed ? passed_ : idle_; }

  MemoryBudget& budget_;
  FrameMemory memory_;
  std::list<Frame*> idle_;    ///< unpinned, least recently used first
  std::list<Frame*> passed_;  ///< unpinned, passed by a sequential reader, the first one first
  std::list<Frame*> busy_;
  std::unordered_map<std::uint64_t, std::shared_ptr<BlockSet>> sets_;  ///< by version id
  std::size_t handles_ = 0;
};

}  // namespace balancefs
