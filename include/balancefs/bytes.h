// Ranges of bytes, and the one way bytes flow: into a ByteSink.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "balancefs/result.h"

namespace balancefs {

/// A half-open range of a file, in bytes: [offset, offset + length).
struct ByteRange {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;

  ByteRange() = default;
  ByteRange(std::uint64_t from, std::uint64_t count) : offset(from), length(count) {}
  std::uint64_t end() const { return offset + length; }
  bool empty() const { return length == 0; }
  bool operator==(const ByteRange&) const = default;
};

/// Where the bytes of a read go, in order and once each.
///
/// The receiver owns the memory and was granted it before the transfer began, so `write` never waits: a
/// transfer runs at the network's speed or not at all. `position()` is what makes failover a second call: the
/// next member continues from there. Loop thread.
class ByteSink {
 public:
  virtual ~ByteSink() = default;
  /// The file offset of the next byte this sink expects.
  virtual std::uint64_t position() const = 0;
  /// Takes all of `bytes`, which belong at position(). An error ends the transfer and becomes its result.
  virtual Result<void> write(std::span<const std::byte> bytes) = 0;
};

}  // namespace balancefs
