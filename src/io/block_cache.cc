#include "io/block_cache.h"

#include <algorithm>
#include <cstring>
#include <vector>

namespace balancefs {
namespace {

constexpr std::size_t kPassedShare = 8;

}  // namespace

// ---- FramePin -------------------------------------------------------------------------------------------

FramePin::FramePin(Frame& frame) : frame_(&frame) {
  frame.cache.pin(frame);
}

FramePin& FramePin::operator=(FramePin&& other) noexcept {
  if (this != &other) {
    reset();
    frame_ = std::exchange(other.frame_, nullptr);
  }
  return *this;
}

void FramePin::reset() {
  if (frame_ == nullptr) return;
  Frame& frame = *std::exchange(frame_, nullptr);
  frame.cache.unpin(frame);
}

// ---- BlockSet -------------------------------------------------------------------------------------------

BlockSet::BlockSet(BlockCache& cache, std::shared_ptr<Version> version)
    : cache_(cache), version_(std::move(version)), epoch_(version_->epoch()) {
  version_->set_held(this);
}

BlockSet::~BlockSet() {
  BALANCEFS_CHECK(frames_.empty() && handles_ == 0);
  if (version_->held() == this) version_->set_held(nullptr);
}

Frame* BlockSet::find(std::uint64_t index) const {
  const auto found = frames_.find(index);
  return found == frames_.end() ? nullptr : found->second.get();
}

FramePin BlockSet::create(std::uint64_t index, MemoryBudget::Grant& grant) {
  grant.use_one();
  cache_.recycle_passed();
  auto owned = std::make_unique<Frame>(cache_, *this, index, cache_.memory_.take());
  Frame& frame = *owned;
  frame.place = cache_.idle_.insert(cache_.idle_.end(), &frame);
  FramePin pin(frame);
  BALANCEFS_CHECK(frames_.emplace(index, std::move(owned)).second);
  return pin;
}

std::uint64_t BlockSet::readable_until(std::uint64_t offset, std::uint64_t end) const {
  while (offset < end) {
    const Frame* frame = find(offset / kFrameBytes);
    if (frame == nullptr) break;
    const std::uint64_t unit = offset % kFrameBytes / kUnitBytes;
    const std::uint64_t unit_end = std::min(end, round_down(offset, kUnitBytes) + kUnitBytes);
    if (!frame->holds(unit)) {
      const Fill* fill = frame->filling[unit];
      const std::uint64_t filled = fill != nullptr ? std::min(fill->position, unit_end) : 0;
      if (filled < unit_end) return std::max(offset, filled);
    }
    offset = unit_end;
  }
  return offset;
}

bool BlockSet::missing(std::uint64_t offset) const {
  const Frame* frame = find(offset / kFrameBytes);
  const std::uint64_t unit = offset % kFrameBytes / kUnitBytes;
  return frame == nullptr || (!frame->holds(unit) && frame->filling[unit] == nullptr);
}

std::uint64_t BlockSet::readable_from(std::uint64_t end, std::uint64_t least) const {
  std::uint64_t from = end;
  while (from > least) {
    const std::uint64_t start = std::max(least, round_down(from - 1, kUnitBytes));
    if (readable_until(start, from) < from) break;
    from = start;
  }
  return from;
}

HeldBytes::Sample BlockSet::copy(ByteRange range) const {
  Sample sample;
  sample.offset = range.offset;
  sample.bytes.resize(range.length);
  for (std::uint64_t at = range.offset; at < range.end();) {
    const std::uint64_t inside = at % kFrameBytes;
    const std::uint64_t count = std::min(range.end() - at, kFrameBytes - inside);
    std::memcpy(sample.bytes.data() + (at - range.offset), find(at / kFrameBytes)->data + inside, count);
    at += count;
  }
  return sample;
}

std::optional<HeldBytes::Sample> BlockSet::sample_near(std::uint64_t offset, std::size_t limit) const {
  const std::uint64_t end = std::min(offset, size());
  const std::uint64_t from = readable_from(end, end - std::min<std::uint64_t>(end, limit));
  if (from < end) return copy(ByteRange(from, end - from));
  for (const auto& [index, frame] : frames_) {
    for (std::uint64_t unit = 0; unit < kUnitsPerFrame; ++unit) {
      if (!frame->holds(unit) && frame->filling[unit] == nullptr) continue;
      const std::uint64_t start = index * kFrameBytes + unit * kUnitBytes;
      const std::uint64_t until = readable_until(start, std::min<std::uint64_t>(start + limit, size()));
      if (until > start) return copy(ByteRange(start, until - start));
    }
  }
  return version_->spare_sample(offset, limit);
}

// ---- BlockCache -----------------------------------------------------------------------------------------

BlockCache::BlockCache(MemoryBudget& budget) : budget_(budget) {
  budget_.reclaim_from(*this);
}

BlockCache::~BlockCache() {
  drop_unused();
  BALANCEFS_CHECK(sets_.empty() && frames() == 0);
}

std::shared_ptr<BlockSet> BlockCache::open(std::shared_ptr<Version> version) {
  auto& set = sets_[version->id()];
  if (!set) set = std::make_shared<BlockSet>(*this, std::move(version));
  ++set->handles_;
  ++handles_;
  return set;
}

void BlockCache::close(BlockSet& set) {
  BALANCEFS_CHECK(set.handles_ > 0);
  --handles_;
  if (--set.handles_ > 0) return;
  if (set.version().ended() || !set.version().validated()) {
    drop(set);
  } else {
    forget_if_empty(set);
  }
}

void BlockCache::drop(BlockSet& set) {
  // Each step leaves everything consistent: giving memory back serves the queue, which may reclaim the next.
  const auto found = sets_.find(set.version().id());
  const auto keep = found != sets_.end() ? found->second : nullptr;
  set.epoch_ = set.version().epoch();
  while (!set.frames_.empty()) {
    auto node = set.frames_.extract(set.frames_.begin());
    std::unique_ptr<Frame> frame = std::move(node.mapped());
    frame->set = nullptr;
    if (frame->pins == 0) {
      std::list<Frame*>& list = list_of(*frame);
      destroy(std::move(frame), list);
    } else {
      const Frame* pinned = frame.release();  // its last pin destroys it
      BALANCEFS_CHECK(pinned->pins > 0);
    }
  }
  forget_if_empty(set);
}

void BlockCache::drop_unused() {
  std::vector<std::shared_ptr<BlockSet>> unused;
  for (const auto& [id, set] : sets_) {
    if (set->handles_ == 0) unused.push_back(set);
  }
  for (const auto& set : unused) drop(*set);
  memory_.trim();
}

void BlockCache::reclaim_one() {
  std::list<Frame*>& from = passed_.empty() ? idle_ : passed_;
  BALANCEFS_CHECK(!from.empty());
  remove(*from.front(), from);
}

/// Just before memory is taken, so that it is the same memory: pages that are in the caches already.
void BlockCache::recycle_passed() {
  if (passed_.size() > budget_.total() / kPassedShare) remove(*passed_.front(), passed_);
}

void BlockCache::pin(Frame& frame) {
  if (frame.pins++ > 0) return;
  busy_.splice(busy_.end(), list_of(frame), frame.place);
  frame.passed = false;
}

void BlockCache::unpin(Frame& frame) {
  BALANCEFS_CHECK(frame.pins > 0);
  if (--frame.pins > 0) return;
  if (frame.set == nullptr) {
    destroy(std::unique_ptr<Frame>(&frame), busy_);
  } else if (frame.held == 0) {
    remove(frame, busy_);
  } else {
    std::list<Frame*>& list = list_of(frame);
    list.splice(list.end(), busy_, frame.place);
    budget_.reclaimable_grew();
  }
}

void BlockCache::remove(Frame& frame, std::list<Frame*>& from) {
  BlockSet& set = *frame.set;
  auto node = set.frames_.extract(frame.index);
  forget_if_empty(set);
  destroy(std::move(node.mapped()), from);
}

void BlockCache::destroy(std::unique_ptr<Frame> frame, std::list<Frame*>& from) {
  from.erase(frame->place);
  memory_.give(frame->data);
  frame.reset();
  budget_.give_back(1);
}

void BlockCache::forget_if_empty(BlockSet& set) {
  if (set.handles_ == 0 && set.frames_.empty()) sets_.erase(set.version().id());
}

}  // namespace balancefs
