// Bytes that the program holds from the heap now, for tests that count memory. Sanitizers have a heap of
// their own and count for themselves.
#pragma once

#include <malloc.h>

#include <cstddef>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define BALANCEFS_SANITIZED_HEAP
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define BALANCEFS_SANITIZED_HEAP
#endif

#ifdef BALANCEFS_SANITIZED_HEAP
extern "C" std::size_t __sanitizer_get_current_allocated_bytes();
#endif

namespace balancefs::test {

inline std::size_t heap_in_use() {
#ifdef BALANCEFS_SANITIZED_HEAP
  return __sanitizer_get_current_allocated_bytes();
#else
  const struct mallinfo2 figures = mallinfo2();
  return figures.uordblks + figures.hblkhd;
#endif
}

}  // namespace balancefs::test
