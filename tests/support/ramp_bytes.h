// Test data in which a misplaced byte cannot look right: byte i of a file is (i + seed) mod 251, and 251 is
// prime, so no block size hides a shift.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace balancefs::test {

inline std::byte ramp_byte(std::uint64_t offset, std::uint32_t seed = 0) {
  return static_cast<std::byte>((offset + seed) % 251);
}

inline std::string ramp_bytes(std::uint64_t offset, std::size_t count, std::uint32_t seed = 0) {
  std::string out(count, '\0');
  for (std::size_t i = 0; i < count; ++i) out[i] = static_cast<char>(ramp_byte(offset + i, seed));
  return out;
}

inline bool is_ramp(std::span<const std::byte> bytes, std::uint64_t offset, std::uint32_t seed = 0) {
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (bytes[i] != ramp_byte(offset + i, seed)) return false;
  }
  return true;
}

}  // namespace balancefs::test
