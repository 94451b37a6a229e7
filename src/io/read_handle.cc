#include "io/read_handle.h"

#include <algorithm>

namespace balancefs {
namespace {

// A file that changes under every attempt is being written: its next open sees the new state.
constexpr int kMostFollows = 2;

std::uint64_t first_frame(ByteRange range) {
  return range.offset / kFrameBytes;
}
std::uint64_t frame_count(ByteRange range) {
  return (range.end() - 1) / kFrameBytes - first_frame(range) + 1;
}

/// The error of a demanded part that should have brought the byte at `offset`.
const Error* failure_at(const std::vector<PartHold>& interests, std::uint64_t offset) {
  for (const PartHold& interest : interests) {
    const Part& part = *interest.part();
    const bool covers = part.range().offset <= offset && offset < part.range().end();
    if (covers && part.failed()) return &part.outcome().error();
  }
  return nullptr;
}

/// A read under way, for the plan: however its flow ends, it is over.
class Answering {
 public:
  Answering(ReadPlan& plan, Clock& clock) : plan_(plan), clock_(clock) {}
  Answering(const Answering&) = delete;
  Answering& operator=(const Answering&) = delete;
  ~Answering() { plan_.answered(clock_.now()); }

 private:
  ReadPlan& plan_;
  Clock& clock_;
};

Error ended_error() {
  return Error(ErrorKind::changed, "the file changed or went away while it was open");
}

}  // namespace

ReadHandle::ReadHandle(ReadCore& core, std::shared_ptr<Version> version, std::unique_ptr<ObjectReader> reader)
    : core_(core),
      blocks_(core.blocks.open(std::move(version))),
      source_(std::move(reader)),
      plan_(core.foresight, blocks_->version().path().str(), blocks_->size()) {}

ReadHandle::~ReadHandle() {
  release();
  core_.blocks.close(*blocks_);
  core_.handle_closed();
}

void ReadHandle::release() {
  if (released_) return;
  released_ = true;
  plan_.finish();
  holds_.clear();
  tail_.clear();
  count_streaming(false);
}

void ReadHandle::count_streaming(bool streaming) {
  if (streaming_) core_.streams.erase(place_);
  streaming_ = streaming;
  if (!streaming) return;
  const ReadCore::Stream stream(&streaming_, core_.clock.now());
  place_ = core_.streams.insert(core_.streams.end(), stream);
}

ByteRange ReadHandle::inside(std::uint64_t offset, std::size_t size) const {
  const std::uint64_t end = blocks_->size();
  if (offset >= end) return ByteRange();
  return ByteRange(offset, std::min<std::uint64_t>(size, end - offset));
}

// ---- the flow of a read ---------------------------------------------------------------------------------

Task<Result<ReadReply>> ReadHandle::read(std::shared_ptr<ReadHandle> self, std::uint64_t offset,
                                         std::size_t size) {
  ++self->core_.reads;
  const ByteRange wanted = self->inside(offset, size);
  if (wanted.empty()) co_return ReadReply();
  self->drop_older_epoch();
  const std::uint64_t share = self->core_.share(self->streaming_);
  const std::uint64_t reach = self->plan_.read(wanted, share, self->core_.clock.now());
  const Answering answering(self->plan_, self->core_.clock);
  self->count_streaming(self->plan_.streaming() && !self->released_);
  self->drop_useless_holds();
  if (auto reply = self->held(wanted)) {
    ++self->core_.reads_held;
    self->plan_.fetched_until(wanted.end());
    self->prefetch();
    co_return self->deliver(std::move(*reply));
  }
  for (int attempt = 0;; ++attempt) {
    const std::uint32_t epoch = self->version().epoch();
    Result<ReadReply> reply = co_await fetch(self, wanted, reach);
    if (reply) co_return self->deliver(std::move(*reply));
    if (!self->follow(reply.error(), epoch, attempt)) co_return std::unexpected<Error>(reply.error());
  }
}

Task<Result<ReadReply>> ReadHandle::fetch(std::shared_ptr<ReadHandle> self, ByteRange wanted,
                                          std::uint64_t reach) {
  MemoryBudget::Grant grant;
  std::vector<FramePin> frames = self->acquire(wanted, grant);
  if (!frames.empty()) {
    std::vector<PartHold> interests = self->demand(wanted, reach);
    self->prefetch();
    co_return co_await await_bytes(self, wanted, std::move(frames), std::move(interests));
  }
  // Memory is short: nothing beyond what was asked, and nothing pinned while waiting for it.
  const std::uint32_t epoch = self->version().epoch();
  Result<MemoryBudget::Grant> granted = co_await self->core_.budget.demand(frame_count(wanted));
  if (!granted) co_return std::unexpected<Error>(granted.error());
  if (self->version().epoch() != epoch) co_return std::unexpected<Error>(ended_error());
  frames = self->acquire(wanted, *granted);
  BALANCEFS_CHECK(!frames.empty());
  granted->reset();
  std::vector<PartHold> interests = self->demand(wanted, wanted.end());
  co_return co_await await_bytes(self, wanted, std::move(frames), std::move(interests));
}

Task<Result<ReadReply>> ReadHandle::await_bytes(std::shared_ptr<ReadHandle> self, ByteRange wanted,
                                                std::vector<FramePin> frames,
                                                std::vector<PartHold> interests) {
  const std::uint32_t epoch = self->version().epoch();
  bool shared_failure = false;
  for (;;) {
    if (self->version().epoch() != epoch) co_return std::unexpected<Error>(ended_error());
    const std::uint64_t at = self->blocks_->readable_until(wanted.offset, wanted.end());
    if (at == wanted.end()) break;
    const std::shared_ptr<Part> part = part_at(*self->blocks_, at);
    if (!part) {
      // Our own demand has failed, or a prefetch has: that had nobody's patience, so this read asks for
      // itself.
      if (const Error* error = failure_at(interests, at)) co_return std::unexpected<Error>(*error);
      if (self->version().ended()) co_return std::unexpected<Error>(ended_error());
      std::vector<PartHold> more = self->demand(ByteRange(at, wanted.end() - at), wanted.end());
      std::ranges::move(more, std::back_inserter(interests));
      continue;
    }
    PartHold interest(part, PartHold::Interest::demand);
    Part::Waiter waiter(part, std::min(wanted.end(), part->range().end()));
    co_await waiter.wait();
    const bool unasked = !part->began_demanded() ||
                         (!part->reads_through(self->source_) && !std::exchange(shared_failure, true));
    if (part->failed() && !unasked && part->position() < wanted.end()) {
      co_return std::unexpected<Error>(part->outcome().error());
    }
  }
  for (const PartHold& interest : interests) {
    if (interest.part()->range().end() > wanted.end()) self->hold(interest.part(), self->holds_);
  }
  co_return self->reply_from(std::move(frames), wanted);
}

/// The bytes of a file that is read on are in the kernel's pages now: their frames are the first to go.
ReadReply ReadHandle::reply_from(std::vector<FramePin> frames, ByteRange wanted) const {
  ReadReply reply;
  reply.pieces.reserve(frames.size());
  const bool passing = plan_.streaming();
  for (const FramePin& frame : frames) {
    const std::uint64_t start = frame->index * kFrameBytes;
    const std::uint64_t from = std::max(wanted.offset, start);
    const std::uint64_t until = std::min(wanted.end(), start + kFrameBytes);
    reply.pieces.emplace_back(frame->data + (from - start), until - from);
    if (passing && until == std::min(blocks_->size(), start + kFrameBytes)) frame->passed = true;
  }
  reply.keep.push_back(std::make_shared<std::vector<FramePin>>(std::move(frames)));
  return reply;
}

ReadReply ReadHandle::deliver(ReadReply reply) {
  version().mark_delivered();
  core_.bytes_read += reply.size();
  return reply;
}

// ---- blocks and parts -----------------------------------------------------------------------------------

std::optional<ReadReply> ReadHandle::held(ByteRange wanted) {
  if (blocks_->readable_until(wanted.offset, wanted.end()) < wanted.end()) return std::nullopt;
  MemoryBudget::Grant none;
  return reply_from(acquire(wanted, none), wanted);
}

std::vector<FramePin> ReadHandle::acquire(ByteRange wanted, MemoryBudget::Grant& grant) {
  const std::uint64_t first = first_frame(wanted);
  std::vector<FramePin> pins(frame_count(wanted));
  std::size_t absent = 0;
  for (std::size_t i = 0; i < pins.size(); ++i) {
    if (Frame* frame = blocks_->find(first + i)) {
      pins[i] = FramePin(*frame);
    } else {
      ++absent;
    }
  }
  if (absent > grant.frames()) {
    auto now = core_.budget.try_demand(absent);
    if (!now) return {};
    grant = std::move(*now);
  }
  for (std::size_t i = 0; i < pins.size(); ++i) {
    if (!pins[i].pinned()) pins[i] = blocks_->create(first + i, grant);
  }
  return pins;
}

std::vector<PartHold> ReadHandle::demand(ByteRange wanted, std::uint64_t reach) {
  std::vector<PartHold> interests;
  if (version().ended()) return interests;
  const std::uint64_t end = std::min(blocks_->size(), round_up(wanted.end(), kUnitBytes));
  std::uint64_t at = round_down(wanted.offset, kUnitBytes);
  while (at < end) {
    if (!blocks_->missing(at)) {
      at += kUnitBytes;
      continue;
    }
    Claim claim = claim_run(*blocks_, core_.budget, at, std::max(end, reach));
    at = claim.range.end();
    auto part = core_.parts.start(source(), blocks_, std::move(claim), PartHold::Interest::demand);
    interests.emplace_back(std::move(part), PartHold::Interest::demand);
  }
  if (reach > wanted.end()) plan_.fetched_until(at);
  return interests;
}

void ReadHandle::prefetch() {
  if (released_ || version().ended()) return;
  const ByteRange head = plan_.take_head();
  if (!head.empty()) plan_.fetched_until(prefetch_part(head, holds_));
  const ByteRange tail = plan_.take_tail();
  if (!tail.empty()) prefetch_part(tail, tail_);
  for (ByteRange range = plan_.next(); !range.empty(); range = plan_.next()) {
    // Less than half a part is not worth a request: it is asked for again when the reader has moved on.
    if (2 * core_.budget.prefetch_room() < frame_count(range)) return;
    const std::uint64_t reached = prefetch_part(range, holds_);
    plan_.fetched_until(reached);
    if (reached < range.end()) return;
  }
}

std::uint64_t ReadHandle::prefetch_part(ByteRange range, std::vector<PartHold>& interests) {
  std::uint64_t at = range.offset;
  while (at < range.end()) {
    if (auto part = part_at(*blocks_, at)) {
      hold(part, interests);
      at = part->range().end();
    } else if (!blocks_->missing(at)) {
      at += kUnitBytes;
    } else {
      Claim claim = claim_run(*blocks_, core_.budget, at, range.end());
      if (claim.range.empty()) break;
      at = claim.range.end();
      hold(core_.parts.start(source(), blocks_, std::move(claim), PartHold::Interest::window), interests);
    }
  }
  return at;
}

void ReadHandle::hold(const std::shared_ptr<Part>& part, std::vector<PartHold>& interests) {
  const auto same = [&part](const PartHold& held) { return held.part() == part; };
  if (part->ended() || released_ || std::ranges::any_of(interests, same)) return;
  interests.emplace_back(part, PartHold::Interest::window);
}

void ReadHandle::drop_useless_holds() {
  std::erase_if(holds_, [this](const PartHold& held) {
    return held.part()->ended() || !plan_.wants(held.part()->range());
  });
}

// ---- versions -------------------------------------------------------------------------------------------

bool ReadHandle::follow(const Error& error, std::uint32_t epoch, int attempt) {
  if (version().epoch() != epoch) return attempt < kMostFollows;  // another read has followed already
  if (error.kind != ErrorKind::changed || version().ended()) return false;
  if (version().delivered() || attempt >= kMostFollows) {
    version().end();
    return false;
  }
  version().follow();
  drop_older_epoch();
  return true;
}

void ReadHandle::drop_older_epoch() {
  if (blocks_->epoch() == version().epoch()) return;
  core_.parts.abandon_all(*blocks_, ended_error());
  core_.blocks.drop(*blocks_);
}

}  // namespace balancefs
