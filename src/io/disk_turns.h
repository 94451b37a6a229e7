// Whose turn it is to read from the disk cache, and the memory to read into.
//
// A few buffers of 1 MiB bound what reading from disk takes beside the budget, whatever the number of
// transfers. The turn goes to reads that somebody waits for, then in the order in which the transfers began:
// one after the other to its end, which is the order of the disk. Loop thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <span>
#include <vector>

#include "balancefs/task.h"

namespace balancefs {

class DiskTurns {
 public:
  /// What one job reads at most.
  static constexpr std::uint64_t kChunk = 1024ull * 1024;
  /// Two being read, two waiting for the threads, two being delivered.
  static constexpr std::size_t kAtOnce = 6;

  /// How many buffers jobs have whose turn is over.
  std::size_t lost();

  /// kChunk bytes on a page boundary, as direct reads want them.
  using Buffer = std::shared_ptr<std::byte>;

  /// One turn: a local of the waiting flow.
  class Turn {
   public:
    /// `urgent` may change while it waits.
    Turn(DiskTurns& turns, std::uint64_t order, const bool& urgent);
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    ~Turn();
    Task<void> wait();
    /// Of whoever has the turn. A job that outlives the turn keeps it.
    const Buffer& buffer() const { return buffer_; }
    std::span<const std::byte> bytes() const { return {buffer_.get(), kChunk}; }
    /// No job has the buffer any more: the next turn may use it.
    void done_with_buffer() { reusable_ = true; }

   private:
    friend class DiskTurns;
    DiskTurns& turns_;
    std::uint64_t order_;
    const bool& urgent_;
    bool granted_ = false;
    bool reusable_ = false;
    Buffer buffer_;
    WaitList wake_;
    std::list<Turn*>::iterator place_;
  };

 private:
  void pump();

  std::size_t taken_ = 0;
  std::list<Turn*> waiting_;
  std::vector<Buffer> spare_;
  std::vector<std::weak_ptr<std::byte>> lost_;
};

}  // namespace balancefs
