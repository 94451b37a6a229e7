// Many readers in little memory: what a handle may fetch ahead is then an odd number of bytes.
#include <gtest/gtest.h>

#include "unit/io/reading.h"

namespace balancefs::test {
namespace {

class CrowdedReading : public Reading {
 protected:
  CrowdedReading() : Reading(2 * kMiB) {}
};

TEST_F(CrowdedReading, AReaderThatJumpsGetsTheRightBytesBehindWhatWasFetchedThere) {
  std::vector<std::unique_ptr<FileReader>> readers;
  for (std::uint32_t seed = 0; seed < 7; ++seed) {
    const std::string name(1, static_cast<char>('a' + seed));
    storage.add_file(name, 64 * kMiB, seed);
    readers.push_back(open(name));
    for (std::uint64_t at = 0; at < 9 * kMiB; at += 128 * kKiB) {
      for (std::uint32_t i = 0; i <= seed; ++i) {
        const std::uint64_t from = at + (seed - i) * 9 * kMiB;
        if (from >= 40 * kMiB) continue;
        ASSERT_TRUE(is_ramp(read(*readers[i], from, 128 * kKiB), from, 128 * kKiB, i));
      }
    }
    for (std::uint64_t at = 50 * kMiB; at < 51 * kMiB; at += 64 * kKiB)
      ASSERT_TRUE(is_ramp(read(*readers[seed], at, 64 * kKiB), at, 64 * kKiB, seed)) << seed << " at " << at;
  }
}

}  // namespace
}  // namespace balancefs::test
