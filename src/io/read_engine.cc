#include "io/read_engine.h"

#include <algorithm>

#include "io/disk_cache.h"
#include "io/read_core.h"
#include "io/read_handle.h"

namespace balancefs {
namespace {

// Eight frames: a read of 896 KiB wherever it begins.
constexpr std::uint64_t kLeastBudget = 1024ull * 1024;
// After the last close: long enough for a program that opens its files again, short enough that an idle mount
// does not sit on memory. The kernel's pages stay.
constexpr Duration kKeepUnused = std::chrono::minutes(5);
// A handle without a read for so long takes no part in sharing out the memory for prefetch.
constexpr Duration kPaused = std::chrono::seconds(10);

std::size_t budget_frames(std::uint64_t bytes) {
  const std::uint64_t chosen = bytes > 0 ? bytes : automatic_memory_budget();
  return std::max(chosen, kLeastBudget) / kFrameBytes;
}

}  // namespace

ReadCore::ReadCore(std::uint64_t budget_bytes, const ReadOptions& options, Executor executor, Clock& time)
    : budget(budget_frames(budget_bytes), time, options.read_timeout),
      blocks(budget),
      parts(std::move(executor), time),
      clock(time) {
  budget.shed_with([this](std::size_t frames) { parts.shed(frames); });
}

std::uint64_t ReadCore::share(const bool& counted) {
  const TimePoint active = clock.now() - kPaused;
  while (!streams.empty() && streams.front().last_read < active) {
    *streams.front().counted = false;
    streams.pop_front();
  }
  return budget.total() * kFrameBytes * 3 / 4 / (streams.size() + (counted ? 0 : 1));
}

void ReadCore::handle_closed() {
  if (blocks.handles() > 0) return;
  const auto forget = [this] {
    if (blocks.handles() == 0) blocks.drop_unused();
  };
  idle_timer = clock.call_at(clock.now() + kKeepUnused, forget);
}

ReadEngine::ReadEngine(std::uint64_t budget_bytes, const ReadOptions& options, Executor executor,
                       Clock& clock)
    : executor_(executor),
      clock_(clock),
      core_(std::make_unique<ReadCore>(budget_bytes, options, std::move(executor), clock)) {}

ReadEngine::~ReadEngine() = default;

void ReadEngine::set_read_timeout(Duration timeout) {
  core_->budget.set_timeout(timeout);
}

void ReadEngine::keep_on_disk(DiskOptions options) {
  BALANCEFS_CHECK(!disk_);
  // What waits to be written is memory of the budget: never so much of it that reads would feel it.
  options.queue = std::min(options.queue, core_->budget.total() * kFrameBytes / 8);
  disk_ = std::make_unique<DiskCache>(std::move(options), executor_, clock_);
  core_->parts.tell_filled(disk_.get());
  disk_->start();
}

std::unique_ptr<FileReader> ReadEngine::open(std::shared_ptr<Version> version,
                                             std::unique_ptr<ObjectReader> reader, FileOrigin origin) {
  core_->idle_timer.reset();
  if (disk_) reader = disk_->wrap(version, std::move(origin), std::move(reader));
  auto handle = std::make_shared<ReadHandle>(*core_, std::move(version), std::move(reader));
  return std::make_unique<FileReader>(std::move(handle));
}

Task<void> ReadEngine::close() {
  core_->idle_timer.reset();
  co_await core_->parts.close();
  if (disk_) co_await disk_->close();
}

std::optional<DiskSnapshot> ReadEngine::disk_snapshot() const {
  if (!disk_) return std::nullopt;
  return disk_->snapshot();
}

ReadSnapshot ReadEngine::snapshot() const {
  const ReadCore& core = *core_;
  const PartScheduler::Counters& counters = core.parts.counters();
  ReadSnapshot now;
  now.budget = core.budget.total() * kFrameBytes;
  now.used = core.budget.used() * kFrameBytes;
  now.held = core.blocks.idle_frames() * kFrameBytes;
  now.in_flight = core.parts.frames_in_flight() * kFrameBytes;
  now.handles = core.blocks.handles();
  now.parts = core.parts.running();
  now.queued = core.budget.queued();
  now.reads = core.reads;
  now.reads_held = core.reads_held;
  now.bytes_read = core.bytes_read;
  now.bytes_fetched = counters.bytes;
  now.parts_demanded = counters.demanded;
  now.parts_prefetched = counters.prefetched;
  now.parts_abandoned = counters.abandoned;
  now.parts_failed = counters.failed;
  return now;
}

}  // namespace balancefs
