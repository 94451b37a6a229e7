// What one handle is expected to read next, from what it has read: where its streams are, how fast its
// program takes bytes, what its connections bring, and what programs do with files of its kind.
//
// Joins those four pure views into the two answers a read needs: how far its own part may reach, and what to
// fetch ahead. Time is an argument. Loop thread; owned by the handle.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "io/foresight.h"
#include "io/line_meter.h"
#include "io/read_window.h"
#include "io/reader_pace.h"

namespace balancefs {

class ReadPlan {
 public:
  ReadPlan(Foresight& foresight, std::string name, std::uint64_t file_size);
  ReadPlan(const ReadPlan&) = delete;
  ReadPlan& operator=(const ReadPlan&) = delete;

  /// A read came (inside the file, not empty); answered() follows. Returns where a part demanded for it may
  /// end. `most_ahead`: the memory that the handle may have beyond its reader's position, bytes.
  std::uint64_t read(ByteRange asked, std::uint64_t most_ahead, TimePoint now);
  void answered(TimePoint now) { pace_.ended(now); }
  /// The handle is closed: what was seen of it is for the next of its kind. Once.
  void finish();

  /// The next part to fetch ahead; empty when it is far enough.
  ByteRange next() const { return window_.next(); }
  /// What else is expected to be read soon, to be fetched beside the first read: the rest of the head, told
  /// once, and the end of the file, told once. Empty otherwise.
  ByteRange take_head() { return std::exchange(head_, ByteRange()); }
  ByteRange take_tail() { return std::exchange(tail_, ByteRange()); }
  void fetched_until(std::uint64_t offset) { window_.fetched_until(offset); }
  bool wants(ByteRange part) const { return window_.wants(part); }
  bool streaming() const { return window_.streaming(); }
  const std::shared_ptr<LineMeter>& meter() const { return meter_; }

 private:
  std::uint64_t worth_ahead() const;
  std::uint64_t begin_at_start(std::uint64_t least, std::uint64_t most_ahead);

  Foresight& foresight_;
  std::string name_;
  std::uint64_t file_size_;
  ReadWindow window_;
  ReaderPace pace_;
  std::shared_ptr<LineMeter> meter_ = std::make_shared<LineMeter>();
  LookTrace trace_;
  Foresight::Advice advice_;
  ByteRange head_;
  ByteRange tail_;
  bool read_before_ = false;
};

}  // namespace balancefs
