#include "io/disk_turns.h"

#include <algorithm>
#include <new>
#include <utility>

namespace balancefs {
namespace {

constexpr std::align_val_t kPage{4096};

DiskTurns::Buffer new_buffer() {
  auto* memory = static_cast<std::byte*>(::operator new(DiskTurns::kChunk, kPage));
  return {memory, [](std::byte* bytes) { ::operator delete(bytes, kPage); }};
}

}  // namespace

DiskTurns::Turn::Turn(DiskTurns& turns, std::uint64_t order, const bool& urgent)
    : turns_(turns), order_(order), urgent_(urgent) {
  place_ = turns_.waiting_.insert(turns_.waiting_.end(), this);
  turns_.pump();
}

DiskTurns::Turn::~Turn() {
  if (!granted_) {
    turns_.waiting_.erase(place_);
    return;
  }
  --turns_.taken_;
  if (reusable_) {
    turns_.spare_.push_back(std::move(buffer_));
  } else {
    turns_.lost_.emplace_back(buffer_);
    buffer_.reset();
  }
  turns_.pump();
}

Task<void> DiskTurns::Turn::wait() {
  while (!granted_) co_await wake_.wait();
}

std::size_t DiskTurns::lost() {
  std::erase_if(lost_, [](const std::weak_ptr<std::byte>& buffer) { return buffer.expired(); });
  return lost_.size();
}

void DiskTurns::pump() {
  while (taken_ < kAtOnce && !waiting_.empty()) {
    const auto next = std::ranges::min_element(
        waiting_, {}, [](const Turn* turn) { return std::pair(!turn->urgent_, turn->order_); });
    Turn& turn = **next;
    waiting_.erase(next);
    ++taken_;
    turn.granted_ = true;
    if (spare_.empty()) {
      turn.buffer_ = new_buffer();
    } else {
      turn.buffer_ = std::move(spare_.back());
      spare_.pop_back();
    }
    turn.wake_.wake_all();
  }
}

}  // namespace balancefs
