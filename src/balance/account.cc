#include "balance/account.h"

#include <algorithm>

namespace balancefs {
namespace {

/// Of so many that start while others wait, one is whoever has waited longest.
constexpr std::uint32_t kOldestEvery = 8;

/// What nobody waits for is prefetch, whatever it was asked for.
Priority rank(const RequestContext& why) {
  return why.awaited ? why.priority : std::min(why.priority, Priority::prefetch);
}

}  // namespace

// ---- waiters --------------------------------------------------------------------------------------------

Account::Waiter::Waiter(Account& account, const void* handle, std::uint64_t bytes, const RequestContext& why)
    : account_(account), handle_(handle), bytes_(bytes), why_(why), number_(account.arrivals_++) {
  account_.add(*this);
  account_.dispatch();
}

Account::Waiter::~Waiter() {
  if (!granted()) account_.remove(*this);
}

Task<void> Account::Waiter::wait_until(TimePoint deadline) {
  if (granted()) co_return;
  if (deadline == TimePoint::max()) {
    co_await woken_.wait();
  } else {
    co_await woken_.wait_until(account_.clock_, deadline);
  }
}

Account::Permit Account::Waiter::take() {
  BALANCEFS_CHECK(granted());
  return std::move(*permit_);
}

// ---- the queue ------------------------------------------------------------------------------------------

Account::~Account() {
  BALANCEFS_CHECK(queues_.empty());
  BALANCEFS_CHECK(limits_.running() == 0);
}

Account::Queues::iterator Account::queue_of(const void* handle) {
  return std::ranges::find(queues_, handle, &Queue::handle);
}

void Account::add(Waiter& waiter) {
  auto queue = queue_of(waiter.handle_);
  if (queue == queues_.end()) queue = queues_.emplace(queues_.end(), waiter.handle_);
  queue->waiters.push_back(&waiter);
}

void Account::remove(Waiter& waiter) {
  const auto queue = queue_of(waiter.handle_);
  queue->waiters.remove(&waiter);
  if (queue->waiters.empty()) queues_.erase(queue);
  if (queues_.empty()) alarm_.reset();
}

/// Among those that may start now; null when none may. Of equals the first in the order of turns.
Account::Waiter* Account::next_waiter() {
  const TimePoint now = clock_.now();
  const bool data = limits_.may_start(true, now);
  if (!data && !limits_.may_start(false, now)) return nullptr;
  Waiter* best = nullptr;
  Waiter* oldest = nullptr;
  std::size_t count = 0;
  for (const Queue& queue : queues_) {
    for (Waiter* waiter : queue.waiters) {
      ++count;
      if (waiter->data() && !data) continue;
      if (best == nullptr || rank(waiter->why_) > rank(best->why_)) best = waiter;
      if (oldest == nullptr || waiter->number_ < oldest->number_) oldest = waiter;
    }
  }
  if (best == nullptr || count == 1) return best;
  return ++contended_ % kOldestEvery == 0 ? oldest : best;
}

/// Its handle's next turn comes after everybody's who waits now.
void Account::start(Waiter& waiter) {
  const auto queue = queue_of(waiter.handle_);
  queue->waiters.remove(&waiter);
  if (queue->waiters.empty()) {
    queues_.erase(queue);
  } else {
    queues_.splice(queues_.end(), queues_, queue);
  }
  limits_.started(waiter.bytes_, clock_.now());
  waiter.permit_.emplace(*this, waiter.bytes_);
  waiter.woken_.wake_all();
}

void Account::dispatch() {
  while (Waiter* waiter = next_waiter()) start(*waiter);
  set_alarm();
}

void Account::set_alarm() {
  alarm_.reset();
  const auto is_data = [](const Queue& queue) { return std::ranges::all_of(queue.waiters, &Waiter::data); };
  if (queues_.empty()) return;
  const auto next = limits_.next_start(std::ranges::all_of(queues_, is_data));
  if (next) alarm_ = clock_.call_at(*next, [this] { dispatch(); });
}

Account::Permit Account::enter_at_once() {
  limits_.started(0, clock_.now());
  return Permit(*this, 0);
}

void Account::ended(std::uint64_t missing) {
  limits_.ended(missing);
  dispatch();
}

void Account::stir() {
  for (const Queue& queue : queues_) {
    for (Waiter* waiter : queue.waiters) waiter->woken_.wake_all();
  }
}

void Account::change(const LimitOptions& limits) {
  limits_.change(limits);
  dispatch();
}

}  // namespace balancefs
