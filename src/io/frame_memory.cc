#include "io/frame_memory.h"

#include <sys/mman.h>

#include "balancefs/result.h"

namespace balancefs {
namespace {

// 4 MiB: half a part, about what one loop turn frees before it takes.
constexpr std::size_t kMostKept = 32;

void unmap(std::byte* memory) {
  BALANCEFS_CHECK(::munmap(memory, kFrameBytes) == 0);
}

}  // namespace

std::byte* FrameMemory::take() {
  if (!kept_.empty()) {
    std::byte* memory = kept_.back();
    kept_.pop_back();
    return memory;
  }
  void* memory = ::mmap(nullptr, kFrameBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  BALANCEFS_CHECK(memory != MAP_FAILED);
  return static_cast<std::byte*>(memory);
}

void FrameMemory::give(std::byte* memory) {
  if (kept_.size() < kMostKept) {
    kept_.push_back(memory);
  } else {
    unmap(memory);
  }
}

void FrameMemory::trim() {
  for (std::byte* memory : kept_) unmap(memory);
  kept_.clear();
}

}  // namespace balancefs
