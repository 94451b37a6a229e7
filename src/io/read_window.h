// What a handle's reads tell about the reads to come.
//
// Pure: no I/O, no time. A window follows a few streams in one handle (a demultiplexer reads sound and
// picture in turn, the kernel's read-ahead sends neighbours out of order) and says for each read how far a
// demanded part may reach and which parts to fetch ahead. It grows only with what the reader consumes, so a
// program that looks at the head of a file, or reads here and there, costs little more than what it asked
// for.
#pragma once

#include <cstdint>
#include <vector>

#include "balancefs/bytes.h"

namespace balancefs {

class ReadWindow {
 public:
  /// A part's size at most: at 25 MB/s it takes 0.3 s, of which a round trip of 40 ms is an eighth.
  static constexpr std::uint64_t kMostPart = 8ull * 1024 * 1024;
  /// Reads that close to a stream's position belong to it: eight of the kernel's requests, out of order.
  static constexpr std::uint64_t kNear = 1024ull * 1024;

  /// What a stream may have, beside what it has earned by being read.
  struct Allowance {
    std::uint64_t ahead;  ///< bytes beyond the reader's position, at most
    std::uint32_t parts;  ///< in how many parts at once, at most kMostPart each
    std::uint64_t limit =
        0;  ///< a reader that is not beyond this offset stops there, most likely; 0: no limit
    Allowance(std::uint64_t most_ahead, std::uint32_t at_once) : ahead(most_ahead), parts(at_once) {}
  };

  explicit ReadWindow(std::uint64_t file_size) : file_size_(file_size) {}

  /// Takes note of a read (inside the file, not empty). Returns where a part demanded for it may end: at
  /// least the end of the read on the unit grid.
  std::uint64_t read(ByteRange asked, const Allowance& allowed);
  /// By how many bytes the last read() moved its stream on.
  std::uint64_t advanced() const { return advanced_; }
  /// The next part to fetch ahead of the stream that the last read() belongs to; empty when it is far enough.
  ByteRange next() const;
  /// All up to `offset` of that stream is held, under way or given up: next() goes on from there.
  void fetched_until(std::uint64_t offset);

  /// Whether a part under way is still of use to one of the streams.
  bool wants(ByteRange part) const;
  /// Whether any stream is being read ahead.
  bool streaming() const;

 private:
  struct Stream {
    std::uint64_t position = 0;  ///< end of the furthest read
    std::uint64_t first = 0;     ///< length of its first read, until there is a second
    std::uint64_t consumed = 0;  ///< bytes by which reads moved the position on
    std::uint64_t frontier = 0;  ///< end of what was fetched for it
    std::uint64_t ahead = 0;     ///< how far beyond the position it may be
    std::uint64_t part = 0;
    std::uint64_t limit = 0;  ///< Allowance::limit while the position is not beyond it
    std::uint64_t last_read = 0;
    bool streaming() const { return ahead > 0; }
  };
  Stream* find(ByteRange asked);
  Stream& begin(ByteRange asked);
  void forget_idle();
  void grow(Stream& stream, const Allowance& allowed);
  bool jumped_in_mid_stream() const;
  std::uint64_t target(const Stream& stream) const;

  std::uint64_t file_size_;
  std::uint64_t reads_ = 0;
  std::uint64_t advanced_ = 0;
  std::size_t current_ = 0;
  std::vector<Stream> streams_;
};

}  // namespace balancefs
