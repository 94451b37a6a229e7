// The memory of file data: frames of 128 KiB, taken from the system with mmap and given back to it.
//
// Not malloc: freed frames of a heap stay in the process, and the budget would be a promise about our own
// books only. A few freed frames are kept, because a streaming reader frees one for every one it takes.
// Counting is not done here (memory_budget.h). Loop thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace balancefs {

/// What is known to be held or not: a unit of a file, on a grid. As large as the smallest request worth its
/// round trip.
inline constexpr std::uint64_t kUnitBytes = 32ull * 1024;
/// What memory is granted in: the kernel's largest buffered read without root, on a grid.
inline constexpr std::uint64_t kFrameBytes = 128ull * 1024;
inline constexpr std::uint64_t kUnitsPerFrame = kFrameBytes / kUnitBytes;

constexpr std::uint64_t round_down(std::uint64_t value, std::uint64_t grid) {
  return value / grid * grid;
}
constexpr std::uint64_t round_up(std::uint64_t value, std::uint64_t grid) {
  return round_down(value + grid - 1, grid);
}

class FrameMemory {
 public:
  FrameMemory() = default;
  FrameMemory(const FrameMemory&) = delete;
  FrameMemory& operator=(const FrameMemory&) = delete;
  ~FrameMemory() { trim(); }

  /// kFrameBytes of writable memory with any content. Out of memory is fatal, as it is for `new`.
  std::byte* take();
  void give(std::byte* memory);
  /// Returns the kept frames to the system.
  void trim();

 private:
  std::vector<std::byte*> kept_;
};

}  // namespace balancefs
