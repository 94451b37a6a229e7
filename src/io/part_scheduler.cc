#include "io/part_scheduler.h"

#include <algorithm>
#include <cstring>

namespace balancefs {
namespace {

// How long a part that nobody wants any more may take for its last unit.
constexpr Duration kLinger = std::chrono::seconds(1);

std::uint64_t frame_of(std::uint64_t offset) {
  return offset / kFrameBytes;
}
std::uint64_t unit_of(std::uint64_t offset) {
  return offset % kFrameBytes / kUnitBytes;
}

}  // namespace

// ---- Part -----------------------------------------------------------------------------------------------

Part::Waiter::Waiter(std::shared_ptr<Part> part, std::uint64_t until)
    : part_(std::move(part)), until_(until) {
  part_->waiters_.push_back(this);
}

Part::Waiter::~Waiter() {
  std::erase(part_->waiters_, this);
}

Task<void> Part::Waiter::wait() {
  while (!part_->ended() && part_->position() < until_) co_await wake_.wait();
}

Part::Part(PartScheduler& scheduler, PartSource source, std::shared_ptr<BlockSet> set, ByteRange range,
           std::vector<FramePin> frames, bool demanded)
    : scheduler_(scheduler),
      source_(std::move(source)),
      set_(std::move(set)),
      range_(range),
      frames_(std::move(frames)),
      epoch_(set_->version().epoch()),
      began_demanded_(demanded),
      why_(demanded ? Priority::demand : Priority::prefetch) {
  fill_.part = this;
  fill_.position = range_.offset;
  for (std::uint64_t at = range_.offset; at < range_.end(); at += kUnitBytes) {
    Frame& frame = *frames_[frame_of(at) - frame_of(range_.offset)];
    BALANCEFS_CHECK(frame.index == frame_of(at) && !frame.holds(unit_of(at)));
    frame.filling[unit_of(at)] = &fill_;
  }
}

Result<void> Part::write(std::span<const std::byte> bytes) {
  if (outcome_) return fail(ErrorKind::cancelled, "nobody wants these bytes any more");
  if (set_->version().epoch() != epoch_)
    return fail(ErrorKind::changed, "the file changed before it was read");
  if (bytes.size() > range_.end() - fill_.position) {
    return fail(ErrorKind::corrupted, "more bytes came than were asked for");
  }
  scheduler_.counters_.bytes += bytes.size();
  measure(bytes.size());
  while (!bytes.empty()) bytes = bytes.subspan(copy(bytes));
  for (Waiter* waiter : waiters_) {
    if (waiter->until_ <= fill_.position) waiter->wake_.wake_all();
  }
  return {};
}

void Part::measure(std::size_t bytes) {
  const TimePoint now = scheduler_.clock_.now();
  if (!first_byte_) first_byte_ = now;
  source_.meter->received(bytes, now);
}

std::size_t Part::copy(std::span<const std::byte> bytes) {
  const std::uint64_t from = fill_.position;
  FramePin& pin = frames_[frame_of(from) - frame_of(range_.offset)];
  const std::uint64_t inside = from % kFrameBytes;
  const std::size_t count = std::min<std::uint64_t>(bytes.size(), kFrameBytes - inside);
  std::memcpy(pin->data + inside, bytes.data(), count);
  fill_.position += count;
  mark_held(*pin, from, fill_.position);
  if (fill_.position % kFrameBytes == 0 || fill_.position == range_.end()) {
    tell_filled(*pin);
    pin.reset();
  }
  return count;
}

/// What this part completed in a frame that it is done with.
void Part::tell_filled(Frame& frame) const {
  if (scheduler_.filled_ == nullptr || set_->version().epoch() != epoch_) return;
  const std::uint64_t start = frame.index * kFrameBytes;
  const std::uint64_t from = std::max(start, range_.offset);
  const std::uint64_t done =
      fill_.position == range_.end() ? range_.end() : round_down(fill_.position, kUnitBytes);
  const std::uint64_t until = std::min(start + kFrameBytes, done);
  if (from < until) scheduler_.filled_->filled(*set_, frame, ByteRange(from, until - from));
}

void Part::mark_held(Frame& frame, std::uint64_t from, std::uint64_t to) {
  for (std::uint64_t unit = round_down(from, kUnitBytes); unit < to; unit += kUnitBytes) {
    if (unit + kUnitBytes > to && to != range_.end()) break;
    frame.held |= static_cast<std::uint8_t>(1u << unit_of(unit));
    frame.filling[unit_of(unit)] = nullptr;
  }
}

bool Part::nearly_complete() const {
  return fill_.position > range_.offset && range_.end() - fill_.position <= kUnitBytes;
}

void Part::settle(Result<void> outcome) {
  outcome_.emplace(std::move(outcome));
  for (FramePin& pin : frames_) {
    if (!pin.pinned()) continue;
    tell_filled(*pin);
    for (const Fill*& fill : pin->filling) {
      if (fill == &fill_) fill = nullptr;
    }
  }
  frames_.clear();
  set_.reset();
  for (Waiter* waiter : waiters_) waiter->wake_.wake_all();
}

// ---- PartHold -------------------------------------------------------------------------------------------

PartHold::PartHold(std::shared_ptr<Part> part, Interest interest)
    : part_(std::move(part)), interest_(interest) {
  part_->linger_.reset();
  if (interest_ == Interest::window) {
    ++part_->windows_;
    return;
  }
  ++part_->demands_;
  part_->why_.awaited = true;
  part_->why_.priority = Priority::demand;
}

PartHold& PartHold::operator=(PartHold&& other) noexcept {
  if (this != &other) {
    reset();
    part_ = std::move(other.part_);
    interest_ = other.interest_;
  }
  return *this;
}

void PartHold::reset() {
  if (!part_) return;
  const std::shared_ptr<Part> part = std::move(part_);
  part_ = nullptr;
  --(interest_ == Interest::window ? part->windows_ : part->demands_);
  part->why_.awaited = part->demands_ > 0;
  if (part->demands_ + part->windows_ == 0 && !part->ended()) part->scheduler_.unwanted(part);
}

// ---- PartScheduler --------------------------------------------------------------------------------------

/// Whatever way the flow of a part ends, the part is finished.
class PartScheduler::Ending {
 public:
  Ending(PartScheduler& scheduler, std::shared_ptr<Part> part)
      : scheduler_(scheduler),
        part_(std::move(part)),
        outcome_(fail(ErrorKind::cancelled, "shutting down")) {}
  Ending(const Ending&) = delete;
  Ending& operator=(const Ending&) = delete;
  ~Ending() { scheduler_.finish(part_, std::move(outcome_)); }
  void set(Result<void> outcome) { outcome_ = std::move(outcome); }

 private:
  PartScheduler& scheduler_;
  std::shared_ptr<Part> part_;
  Result<void> outcome_;
};

std::shared_ptr<Part> PartScheduler::start(PartSource source, std::shared_ptr<BlockSet> set, Claim claim,
                                           PartHold::Interest interest) {
  const bool demanded = interest == PartHold::Interest::demand;
  auto part = std::make_shared<Part>(*this, std::move(source), std::move(set), claim.range,
                                     std::move(claim.frames), demanded);
  ++(demanded ? counters_.demanded : counters_.prefetched);
  if (closed_) {
    part->settle(fail(ErrorKind::cancelled, "shutting down"));
    return part;
  }
  part->place_ = running_.insert(running_.end(), part);
  scope_.spawn(run(*this, part));
  return part;
}

Task<void> PartScheduler::run(PartScheduler& scheduler, std::shared_ptr<Part> part) {
  Ending ending(scheduler, part);
  if (part->ended()) co_return;
  Task<Result<void>> reading = part->source_.reader->read(part->range_, *part, part->why_);
  Flow<Result<void>> transfer(scheduler.scope_.executor(), std::move(reading));
  part->transfer_ = &transfer;
  Result<void> outcome = co_await transfer.join();
  part->transfer_ = nullptr;
  ending.set(std::move(outcome));
}

void PartScheduler::finish(const std::shared_ptr<Part>& part, Result<void> outcome) {
  part->transfer_ = nullptr;
  part->linger_.reset();
  running_.erase(part->place_);
  if (part->ended()) return;
  if (outcome && part->position() < part->range_.end()) {
    outcome = fail(ErrorKind::corrupted, "fewer bytes came than were asked for");
  }
  if (!outcome) ++counters_.failed;
  if (outcome) part->source_.meter->ended(part->range_.length, *part->first_byte_, clock_.now());
  part->settle(std::move(outcome));
}

void PartScheduler::unwanted(const std::shared_ptr<Part>& part) {
  const Error error(ErrorKind::cancelled, "nobody waits for these bytes any more");
  if (!part->nearly_complete()) {
    abandon(*part, error);
    return;
  }
  const std::weak_ptr<Part> waiting = part;
  const auto give_up = [this, waiting, error] {
    const auto late = waiting.lock();
    if (late && !late->ended()) abandon(*late, error);
  };
  part->linger_ = clock_.call_at(clock_.now() + kLinger, give_up);
}

void PartScheduler::abandon(Part& part, Error error) {
  ++counters_.abandoned;
  part.settle(std::unexpected<Error>(std::move(error)));
  if (part.transfer_ != nullptr) part.transfer_->cancel();
}

void PartScheduler::abandon_all(const BlockSet& set, const Error& error) {
  std::vector<std::shared_ptr<Part>> parts;
  for (const auto& part : running_) {
    if (part->set_.get() == &set) parts.push_back(part);
  }
  for (const auto& part : parts) {
    if (!part->ended()) abandon(*part, error);
  }
}

void PartScheduler::shed(std::size_t frames) {
  std::vector<std::shared_ptr<Part>> parts(running_.rbegin(), running_.rend());
  for (const auto& part : parts) {
    if (frames == 0) return;
    if (part->ended() || part->awaited()) continue;
    frames -= std::min(frames, part->frames_.size());
    abandon(*part, Error(ErrorKind::cancelled, "its memory is needed for a read that waits"));
  }
}

std::size_t PartScheduler::frames_in_flight() const {
  std::size_t frames = 0;
  for (const auto& part : running_) {
    frames += static_cast<std::size_t>(std::ranges::count_if(part->frames_, &FramePin::pinned));
  }
  return frames;
}

Task<void> PartScheduler::close() {
  closed_ = true;
  co_await scope_.close();
  while (!running_.empty()) {  // spawned, and cancelled before their first step
    const std::shared_ptr<Part> part = running_.front();
    finish(part, fail(ErrorKind::cancelled, "shutting down"));
  }
}

// ---- claims ---------------------------------------------------------------------------------------------

Claim claim_run(BlockSet& set, MemoryBudget& budget, std::uint64_t from, std::uint64_t limit) {
  Claim claim;
  std::uint64_t at = from;
  // A unit is held as a whole: a part that ended inside one would leave memory of others in the rest of it.
  limit = round_up(limit, kUnitBytes);
  while (at < limit && set.missing(at)) {
    if (at == from || at % kFrameBytes == 0) {
      if (Frame* frame = set.find(frame_of(at))) {
        claim.frames.emplace_back(*frame);
      } else {
        auto grant = budget.try_prefetch(1);
        if (!grant) break;
        claim.frames.push_back(set.create(frame_of(at), *grant));
      }
    }
    at += kUnitBytes;
  }
  claim.range = ByteRange(from, std::max(from, std::min({at, limit, set.size()})) - from);
  return claim;
}

std::shared_ptr<Part> part_at(const BlockSet& set, std::uint64_t offset) {
  const Frame* frame = set.find(frame_of(offset));
  const Fill* fill = frame != nullptr ? frame->filling[unit_of(offset)] : nullptr;
  return fill != nullptr ? fill->part->shared_from_this() : nullptr;
}

}  // namespace balancefs
