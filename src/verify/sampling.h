// What `verify` reads of files: which of them, and which places of one. Pure; the randomness is a parameter.
#pragma once

#include <cstdint>
#include <vector>

#include "balancefs/bytes.h"
#include "base/random.h"
#include "verify/folder_join.h"

namespace balancefs {

/// As the samples of SEMANTICS, by which members prove themselves.
constexpr std::uint64_t kSampleBlock = 64 * 1024;
/// Between the head and the tail.
constexpr std::size_t kRandomBlocks = 3;
constexpr std::uint64_t kSampledBytes = (kRandomBlocks + 2) * kSampleBlock;

/// Whole, in blocks; nothing of an empty file.
std::vector<ByteRange> whole_file(std::uint64_t size, std::uint64_t block);
/// Head, tail, and one block at a random place of each third between them; in order, without overlap. A file
/// that is not larger than that is read whole.
std::vector<ByteRange> sample_blocks(std::uint64_t size, Random& random);

/// A file whose copies count as the same.
struct AlikeFile {
  Path path;
  std::vector<ObjectInfo> copies;
  AlikeFile(Path where, std::vector<ObjectInfo> alike) : path(std::move(where)), copies(std::move(alike)) {}
};

/// `count` files of all that come by, each as likely as any other, without keeping the rest.
class FileSample {
 public:
  explicit FileSample(std::size_t count) : count_(count) {}
  void offer(AlikeFile file, Random& random);
  std::vector<AlikeFile> take() { return std::move(files_); }

 private:
  std::size_t count_;
  std::uint64_t seen_ = 0;
  std::vector<AlikeFile> files_;
};

}  // namespace balancefs
