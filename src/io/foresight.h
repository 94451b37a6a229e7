// What programs do with files of a kind, learnt from what they did with the last few.
//
// Scanners, ffprobe, thumbnailers and desktops look at the head of a file, jump to its tail (the index of an
// MP4 or a Matroska file is there) and at a few places between, then close it and do the same with the next.
// Where the last files of a kind (their extension) were looked at so, the tail of the next one is fetched
// together with its head, and nothing beyond the head. One reader that reads on costs that pattern its hold
// after two files. Pure; one for all handles.
#pragma once

#include <cstdint>
#include <deque>
#include <list>
#include <string>

#include "balancefs/bytes.h"

namespace balancefs {

/// What one handle's reads looked like, from its first to its last.
class LookTrace {
 public:
  explicit LookTrace(std::uint64_t file_size) : size_(file_size), tail_from_(file_size) {}
  void read(ByteRange asked);

  /// Bytes that were read in one go from the start of the file.
  std::uint64_t head() const { return head_; }
  /// Bytes at the end of the file that the reader jumped to; 0 when it did not.
  std::uint64_t tail() const { return size_ - tail_from_; }
  /// Whether it looked at the file, instead of reading it on from the start.
  bool is_look() const;

 private:
  std::uint64_t size_;
  std::uint64_t head_ = 0;
  std::uint64_t tail_from_;
  std::uint64_t elsewhere_ = 0;  ///< reads neither at the head nor at the tail, count
};

class Foresight {
 public:
  /// What to expect of a reader that begins at the start of a file.
  struct Advice {
    std::uint64_t reach = 0;  ///< at least so much of the head will be read
    std::uint64_t limit = 0;  ///< nothing is fetched ahead beyond it; 0: no such limit
    std::uint64_t tail = 0;   ///< so much of the end will be read; 0: not expected
    Advice() = default;
  };

  /// `name`: of the file, for its kind.
  Advice advice(const std::string& name);
  void learn(const std::string& name, const LookTrace& trace);

  static constexpr std::uint64_t kMostReach = 2048ull * 1024;
  static constexpr std::uint64_t kMostTail = 1024ull * 1024;

 private:
  struct Look {
    std::uint64_t head;
    std::uint64_t tail;
    bool is_look;
    Look(std::uint64_t at_head, std::uint64_t at_tail, bool look)
        : head(at_head), tail(at_tail), is_look(look) {}
  };
  struct Kind {
    std::string extension;
    std::deque<Look> looks;  ///< the newest last
    explicit Kind(std::string name) : extension(std::move(name)) {}
  };
  Kind& kind_of(const std::string& name);

  std::list<Kind> kinds_;  ///< the one used last first
};

}  // namespace balancefs
