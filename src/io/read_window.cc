#include "io/read_window.h"

#include <algorithm>
#include <utility>

#include "balancefs/result.h"
#include "io/frame_memory.h"

namespace balancefs {
namespace {

// More than a demultiplexer's tracks; each costs 48 bytes.
constexpr std::size_t kMostStreams = 8;
// A stream that the last so many reads passed by is over: its parts are for nobody.
constexpr std::uint64_t kIdleReads = 16;
// Read ahead is a multiple of what was consumed: after n bytes at most 2n were fetched for nothing.
constexpr std::uint64_t kAheadPerConsumed = 2;

}  // namespace

ReadWindow::Stream* ReadWindow::find(ByteRange asked) {
  Stream* best = nullptr;
  for (Stream& stream : streams_) {
    const std::uint64_t reach = std::max(stream.position + kNear, stream.frontier);
    if (asked.offset > reach || asked.offset + kNear < stream.position) continue;
    if (best == nullptr || stream.last_read > best->last_read || stream.position == asked.offset)
      best = &stream;
    if (stream.position == asked.offset) break;
  }
  return best;
}

ReadWindow::Stream& ReadWindow::begin(ByteRange asked) {
  Stream fresh;
  fresh.position = asked.end();
  fresh.first = asked.length;
  fresh.frontier = asked.offset;
  if (streams_.size() < kMostStreams) return streams_.emplace_back(fresh);
  // A single read here or there never displaces a stream that is being read ahead while another can go.
  const auto least = std::ranges::min_element(streams_, [](const Stream& a, const Stream& b) {
    if (a.streaming() != b.streaming()) return b.streaming();
    return a.last_read < b.last_read;
  });
  *least = fresh;
  return *least;
}

void ReadWindow::forget_idle() {
  for (Stream& stream : streams_) {
    if (reads_ - stream.last_read < kIdleReads) continue;
    stream.ahead = 0;
    stream.frontier = stream.position;
  }
}

void ReadWindow::grow(Stream& stream, std::uint64_t most_ahead) {
  std::uint64_t streaming = 0;
  for (const Stream& other : streams_) streaming += (&other == &stream || other.streaming()) ? 1 : 0;
  const std::uint64_t limit = std::min(most_ahead / streaming, kMostAhead);
  stream.ahead = round_down(std::min(limit, kAheadPerConsumed * stream.consumed), kFrameBytes);
  stream.part = std::clamp(round_down(stream.ahead / 2, kFrameBytes), kFrameBytes, kMostPart);
}

std::uint64_t ReadWindow::target(const Stream& stream) const {
  return std::min(file_size_, round_up(stream.position, kUnitBytes) + stream.ahead);
}

std::uint64_t ReadWindow::read(ByteRange asked, std::uint64_t most_ahead) {
  BALANCEFS_CHECK(!asked.empty() && asked.end() <= file_size_);
  ++reads_;
  Stream* found = find(asked);
  Stream& stream = found != nullptr ? *found : begin(asked);
  if (found != nullptr) {
    if (asked.end() > stream.position) {
      // The first read counts once a second one has shown that it began a stream.
      stream.consumed +=
          std::exchange(stream.first, 0) + std::min(asked.length, asked.end() - stream.position);
      stream.position = asked.end();
    }
    grow(stream, most_ahead);
  }
  stream.last_read = reads_;
  current_ = static_cast<std::size_t>(&stream - streams_.data());
  forget_idle();
  const std::uint64_t least = std::min(file_size_, round_up(asked.end(), kUnitBytes));
  if (!stream.streaming()) return least;
  const std::uint64_t extended = round_down(asked.offset, kUnitBytes) + stream.part;
  return std::max(least, std::min(extended, target(stream)));
}

void ReadWindow::fetched_until(std::uint64_t offset) {
  Stream& stream = streams_[current_];
  stream.frontier = std::max(stream.frontier, offset);
}

ByteRange ReadWindow::next() const {
  const Stream& stream = streams_[current_];
  if (!stream.streaming()) return {};
  const std::uint64_t from = round_up(std::max(stream.frontier, stream.position), kUnitBytes);
  const std::uint64_t until = target(stream);
  if (from >= until) return {};
  const std::uint64_t room = until - from;
  // Whole parts only, so that a full window does not move on in crumbs; the end of the file is what it is.
  if (room < stream.part && until < file_size_) return {};
  return ByteRange(from, std::min(room, stream.part));
}

bool ReadWindow::wants(ByteRange part) const {
  return std::ranges::any_of(streams_, [part](const Stream& stream) {
    return part.end() + kNear > stream.position && part.offset < std::max(stream.frontier, stream.position);
  });
}

bool ReadWindow::streaming() const {
  return std::ranges::any_of(streams_, &Stream::streaming);
}

}  // namespace balancefs
