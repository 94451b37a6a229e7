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
// A window that grows is shared out among all its connections early, but not in crumbs.
constexpr std::uint64_t kSmallPart = 1024ull * 1024;
// Who has read so much of a file in one go and jumps reads on where it lands, most likely: a player that
// seeks. The first part there is what such a reader asks for in its first tenths of a second.
constexpr std::uint64_t kSettledReader = 8ull * 1024 * 1024;
constexpr std::uint64_t kFirstAfterJump = 512ull * 1024;

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

void ReadWindow::grow(Stream& stream, const Allowance& allowed) {
  std::uint64_t streaming = 0;
  for (const Stream& other : streams_) streaming += (&other == &stream || other.streaming()) ? 1 : 0;
  const std::uint64_t most = std::min(allowed.ahead, allowed.parts * kMostPart) / streaming;
  stream.ahead = round_down(std::min(most, kAheadPerConsumed * stream.consumed), kFrameBytes);
  const std::uint64_t even = std::max(stream.ahead / allowed.parts, std::min(stream.ahead / 2, kSmallPart));
  stream.part = std::clamp(round_down(even, kFrameBytes), kFrameBytes, kMostPart);
  stream.limit = stream.position <= allowed.limit ? allowed.limit : 0;
}

bool ReadWindow::jumped_in_mid_stream() const {
  const auto settled = [](const Stream& stream) {
    return stream.streaming() && stream.consumed >= kSettledReader;
  };
  return std::ranges::any_of(streams_, settled);
}

std::uint64_t ReadWindow::target(const Stream& stream) const {
  const std::uint64_t end =
      stream.limit > 0 ? std::min(file_size_, round_up(stream.limit, kUnitBytes)) : file_size_;
  return std::min(end, round_up(stream.position, kUnitBytes) + stream.ahead);
}

std::uint64_t ReadWindow::read(ByteRange asked, const Allowance& allowed) {
  BALANCEFS_CHECK(!asked.empty() && asked.end() <= file_size_);
  ++reads_;
  advanced_ = 0;
  Stream* found = find(asked);
  const bool jumped = found == nullptr && jumped_in_mid_stream();
  Stream& stream = found != nullptr ? *found : begin(asked);
  if (found != nullptr) {
    if (asked.end() > stream.position) {
      advanced_ = std::min(asked.length, asked.end() - stream.position);
      // The first read counts once a second one has shown that it began a stream.
      stream.consumed += std::exchange(stream.first, 0) + advanced_;
      stream.position = asked.end();
    }
    grow(stream, allowed);
  } else {
    advanced_ = asked.length;
  }
  stream.last_read = reads_;
  current_ = static_cast<std::size_t>(&stream - streams_.data());
  forget_idle();
  const std::uint64_t least = std::min(file_size_, round_up(asked.end(), kUnitBytes));
  const std::uint64_t from = round_down(asked.offset, kUnitBytes);
  // An allowance is any number of bytes; a part ends on the grid or with the file.
  const std::uint64_t ahead = round_down(allowed.ahead, kUnitBytes);
  if (jumped) return std::max(least, std::min({file_size_, from + kFirstAfterJump, from + ahead}));
  if (!stream.streaming()) return least;
  return std::max(least, std::min(from + stream.part, target(stream)));
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
  if (room < stream.part && until < file_size_ && until != round_up(stream.limit, kUnitBytes)) return {};
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
