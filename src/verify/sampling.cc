#include "verify/sampling.h"

#include <algorithm>

namespace balancefs {

std::vector<ByteRange> whole_file(std::uint64_t size, std::uint64_t block) {
  std::vector<ByteRange> ranges;
  for (std::uint64_t at = 0; at < size; at += block) ranges.emplace_back(at, std::min(block, size - at));
  return ranges;
}

std::vector<ByteRange> sample_blocks(std::uint64_t size, Random& random) {
  if (size <= kSampledBytes) return whole_file(size, kSampleBlock);
  std::vector<ByteRange> ranges(1, ByteRange(0, kSampleBlock));
  const std::uint64_t third = (size - 2 * kSampleBlock) / kRandomBlocks;
  for (std::size_t i = 0; i < kRandomBlocks; ++i) {
    const std::uint64_t room = third - kSampleBlock + 1;
    ranges.emplace_back(kSampleBlock + i * third + random.next() % room, kSampleBlock);
  }
  ranges.emplace_back(size - kSampleBlock, kSampleBlock);
  return ranges;
}

/// Algorithm R (Vitter 1985): the n-th file takes a place with the probability count/n.
void FileSample::offer(AlikeFile file, Random& random) {
  ++seen_;
  if (files_.size() < count_) {
    files_.push_back(std::move(file));
    return;
  }
  const std::uint64_t place = random.next() % seen_;
  if (place < count_) files_[place] = std::move(file);
}

}  // namespace balancefs
