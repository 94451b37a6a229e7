// Parts: contiguous units of a version under way from a storage into the block cache.
//
// A part is one ObjectReader::read. It belongs to the cache, not to the handle that began it, and lives as
// long as somebody has an interest in it: a read that waits for its bytes (demand) or a window that wants
// them soon (window). When the last interest goes, the transfer is cancelled and its memory is free at once,
// even if the transfer itself takes a moment to end: it can no longer write. Loop thread.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "balancefs/storage.h"
#include "balancefs/task.h"
#include "io/block_cache.h"
#include "io/line_meter.h"

namespace balancefs {

class PartScheduler;

/// A handle as its transfers see it.
struct PartSource {
  std::shared_ptr<ObjectReader> reader;
  std::shared_ptr<LineMeter> meter;
  PartSource() = default;
  PartSource(std::shared_ptr<ObjectReader> from, std::shared_ptr<LineMeter> measured)
      : reader(std::move(from)), meter(std::move(measured)) {}
};

/// One transfer, and the sink that it fills.
class Part final : public ByteSink, public std::enable_shared_from_this<Part> {
 public:
  /// A read that waits until the part has come to `until` or has ended. A local of the waiting flow.
  class Waiter {
   public:
    Waiter(std::shared_ptr<Part> part, std::uint64_t until);
    Waiter(const Waiter&) = delete;
    Waiter& operator=(const Waiter&) = delete;
    ~Waiter();
    Task<void> wait();

   private:
    friend class Part;
    std::shared_ptr<Part> part_;
    std::uint64_t until_;
    WaitList wake_;
  };

  /// `frames`: one pin for each frame of `range`, in order.
  Part(PartScheduler& scheduler, PartSource source, std::shared_ptr<BlockSet> set, ByteRange range,
       std::vector<FramePin> frames, bool demanded);
  Part(const Part&) = delete;
  Part& operator=(const Part&) = delete;

  const ByteRange& range() const { return range_; }
  std::uint64_t position() const override { return fill_.position; }
  Result<void> write(std::span<const std::byte> bytes) override;

  /// Nothing more will be written: complete, failed or abandoned.
  bool ended() const { return outcome_.has_value(); }
  bool failed() const { return outcome_ && !*outcome_; }
  /// Of a part that has ended.
  const Result<void>& outcome() const { return *outcome_; }
  /// Whether a read waited for it from the start: then its failure is final, for the storage gave it the
  /// patience that a waiting reader has.
  bool began_demanded() const { return began_demanded_; }
  bool awaited() const { return demands_ > 0; }
  /// Whether it reads through `reader`: then what it met is what that handle would have met.
  bool reads_through(const std::shared_ptr<ObjectReader>& reader) const { return source_.reader == reader; }

 private:
  friend class PartScheduler;
  friend class PartHold;
  void measure(std::size_t bytes);
  std::size_t copy(std::span<const std::byte> bytes);
  void mark_held(Frame& frame, std::uint64_t from, std::uint64_t to);
  void tell_filled(Frame& frame) const;
  bool nearly_complete() const;
  /// Ends the filling of what is not complete, lets go of the memory and wakes everybody.
  void settle(Result<void> outcome);

  PartScheduler& scheduler_;
  PartSource source_;
  std::shared_ptr<BlockSet> set_;
  ByteRange range_;
  Fill fill_;
  std::vector<FramePin> frames_;
  std::uint32_t epoch_;
  bool began_demanded_;
  std::size_t demands_ = 0;
  std::size_t windows_ = 0;
  std::vector<Waiter*> waiters_;
  std::optional<Result<void>> outcome_;
  std::optional<TimePoint> first_byte_;
  RequestContext why_;
  Flow<Result<void>>* transfer_ = nullptr;
  Timer linger_;
  std::list<std::shared_ptr<Part>>::iterator place_;
};

/// An interest in a part; when the last goes before the part has ended, the part is abandoned.
class PartHold {
 public:
  enum class Interest : std::uint8_t { demand, window };
  PartHold() = default;
  PartHold(std::shared_ptr<Part> part, Interest interest);
  PartHold(PartHold&& other) noexcept : part_(std::move(other.part_)), interest_(other.interest_) {}
  PartHold& operator=(PartHold&& other) noexcept;
  ~PartHold() { reset(); }
  void reset();
  const std::shared_ptr<Part>& part() const { return part_; }

 private:
  std::shared_ptr<Part> part_;
  Interest interest_ = Interest::window;
};

/// Memory for a part to come: a run of missing units and the pins of its frames.
struct Claim {
  ByteRange range;
  std::vector<FramePin> frames;
  Claim() = default;
};

/// Is told of what storages brought, so that it can be kept elsewhere too. Called in mid-transfer: must not
/// start or end parts.
class FilledUnits {
 public:
  virtual ~FilledUnits() = default;
  /// `units`: complete units of one frame (the last of a file may be short), new in it. A pin of the frame
  /// keeps the bytes.
  virtual void filled(BlockSet& set, Frame& frame, ByteRange units) = 0;
};

class PartScheduler {
 public:
  struct Counters {
    std::uint64_t demanded = 0;    ///< parts begun because a read waited
    std::uint64_t prefetched = 0;  ///< parts begun ahead of the reader
    std::uint64_t abandoned = 0;   ///< parts that nobody wanted any more
    std::uint64_t failed = 0;
    std::uint64_t bytes = 0;  ///< written into frames
  };

  PartScheduler(Executor executor, Clock& clock) : scope_(std::move(executor)), clock_(clock) {}
  PartScheduler(const PartScheduler&) = delete;
  PartScheduler& operator=(const PartScheduler&) = delete;

  /// Null for nobody. Outlives the transfers.
  void tell_filled(FilledUnits* listener) { filled_ = listener; }
  /// Begins to fetch what was claimed. The caller takes an interest in it before it next waits; it may
  /// have ended already.
  std::shared_ptr<Part> start(PartSource source, std::shared_ptr<BlockSet> set, Claim claim,
                              PartHold::Interest interest);
  /// Ends all parts of a version; those that wait for them get `error`.
  void abandon_all(const BlockSet& set, const Error& error);
  /// Gives up parts that nobody waits for, the newest first, until so many frames are free.
  void shed(std::size_t frames);
  /// Ends everything and waits until it has ended. Nothing starts any more.
  Task<void> close();

  /// Transfers that have not ended, abandoned ones included.
  std::size_t running() const { return running_.size(); }
  /// Frames that transfers still hold for what is to come.
  std::size_t frames_in_flight() const;
  const Counters& counters() const { return counters_; }

 private:
  friend class Part;
  friend class PartHold;
  class Ending;
  /// The last interest is gone.
  void unwanted(const std::shared_ptr<Part>& part);
  void abandon(Part& part, Error error);
  void finish(const std::shared_ptr<Part>& part, Result<void> outcome);
  static Task<void> run(PartScheduler& scheduler, std::shared_ptr<Part> part);

  TaskScope scope_;
  Clock& clock_;
  std::list<std::shared_ptr<Part>> running_;
  bool closed_ = false;
  FilledUnits* filled_ = nullptr;
  Counters counters_;
};

/// Claims missing units from `from` (on the unit grid) on: up to the end of `limit`'s unit, ending before the
/// first unit that is held or being filled. Frames that exist cost nothing, others only what prefetch may
/// have: empty when the first unit is not missing or there is no memory for it.
Claim claim_run(BlockSet& set, MemoryBudget& budget, std::uint64_t from, std::uint64_t limit);

/// The part under way that fills the unit at `offset`; null when there is none.
std::shared_ptr<Part> part_at(const BlockSet& set, std::uint64_t offset);

}  // namespace balancefs
