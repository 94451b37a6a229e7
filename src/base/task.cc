#include "balancefs/task.h"

#include <asio/error.hpp>
#include <asio/system_error.hpp>
#include <cstdio>

namespace balancefs {

void throw_cancelled() {
  throw asio::system_error(asio::error::operation_aborted);
}

bool is_cancellation(const std::exception_ptr& exception) {
  try {
    std::rethrow_exception(exception);
  } catch (const asio::system_error& error) {
    return error.code() == asio::error::operation_aborted;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "balancefs: exception in a flow: %s\n", error.what());
    return false;
  }
}

// ---- WaitList -------------------------------------------------------------------------------------------

/// What timers and cancellation slots know of a waiter. A slot's handler stays until the flow's next wait and
/// may run after the waiter, or the list, has gone: then `list` is null.
struct WaitList::Link {
  WaitList* list;
  Waiters::iterator position;
};

class WaitList::Waiter {
 public:
  virtual ~Waiter() = default;
  /// Posts the handler; the waiter is destroyed right after.
  virtual void complete(WaitOutcome outcome) = 0;
  Timer timer;
  std::shared_ptr<Link> link;
};

template <class Handler>
class WaitList::HandlerWaiter final : public Waiter {
 public:
  explicit HandlerWaiter(Handler&& handler) : handler_(std::move(handler)) {}
  void complete(WaitOutcome outcome) override {
    auto executor = asio::get_associated_executor(handler_);
    auto resume = [handler = std::move(handler_), outcome]() mutable { std::move(handler)(outcome); };
    asio::post(executor, std::move(resume));
  }

 private:
  Handler handler_;
};

struct WaitList::Initiate {
  WaitList* list;
  Clock* clock;
  TimePoint deadline;
  Initiate(WaitList* wait_list, Clock* wait_clock, TimePoint until)
      : list(wait_list), clock(wait_clock), deadline(until) {}

  template <class Handler>
  void operator()(Handler&& handler) {
    auto slot = asio::get_associated_cancellation_slot(handler);
    auto owned = std::make_unique<HandlerWaiter<std::decay_t<Handler>>>(std::forward<Handler>(handler));
    Waiter& waiter = *owned;
    const auto position = list->waiters_.insert(list->waiters_.end(), std::move(owned));
    auto link = std::make_shared<Link>(Link{list, position});
    waiter.link = link;
    if (clock != nullptr) {
      waiter.timer = clock->call_at(deadline, [link] { finish(*link, WaitOutcome::deadline); });
    }
    if (slot.is_connected()) {
      slot.assign([link](asio::cancellation_type) { finish(*link, WaitOutcome::cancelled); });
    }
  }
};

WaitList::WaitList() = default;

WaitList::~WaitList() {
  for (const auto& waiter : waiters_) waiter->link->list = nullptr;
}

void WaitList::finish(Link& link, WaitOutcome outcome) {
  if (link.list == nullptr) return;
  WaitList& list = *std::exchange(link.list, nullptr);
  const auto waiter = std::move(*link.position);
  list.waiters_.erase(link.position);
  waiter->complete(outcome);
}

void WaitList::wake_one() {
  if (waiters_.empty()) return;
  const auto link = waiters_.front()->link;
  finish(*link, WaitOutcome::woken);
}

void WaitList::wake_all() {
  auto woken = std::move(waiters_);
  waiters_.clear();
  for (auto& waiter : woken) {
    waiter->link->list = nullptr;
    waiter->complete(WaitOutcome::woken);
  }
}

Task<WaitOutcome> WaitList::wait_interruptible(Clock* clock, TimePoint deadline) {
  Initiate initiate(this, clock, deadline);
  const WaitOutcome outcome = co_await asio::async_initiate<const asio::use_awaitable_t<>, void(WaitOutcome)>(
      initiate, asio::use_awaitable);
  co_return outcome;
}

Task<void> WaitList::wait() {
  const WaitOutcome outcome = co_await wait_interruptible(nullptr, TimePoint());
  if (outcome == WaitOutcome::cancelled) throw_cancelled();
}

Task<bool> WaitList::wait_until(Clock& clock, TimePoint deadline) {
  const WaitOutcome outcome = co_await wait_interruptible(&clock, deadline);
  if (outcome == WaitOutcome::cancelled) throw_cancelled();
  co_return outcome == WaitOutcome::woken;
}

Task<void> sleep_for(Clock& clock, Duration duration) {
  WaitList never;
  const TimePoint until = clock.now() + duration;
  co_await never.wait_until(clock, until);
}

// ---- TaskScope ------------------------------------------------------------------------------------------

struct TaskScope::State {
  std::list<std::shared_ptr<asio::cancellation_signal>> signals;
  WaitList ended;
  bool closed = false;
};

TaskScope::TaskScope(Executor executor) : executor_(std::move(executor)), state_(std::make_shared<State>()) {}

TaskScope::~TaskScope() {
  BALANCEFS_CHECK(state_->signals.empty());
}

namespace {

// co_spawn on the loop's own thread would run the task inside the call until its first wait.
Task<void> from_the_loop(Task<void> task) {
  co_await asio::post(asio::use_awaitable);
  co_await std::move(task);
}

}  // namespace

FlowHandle TaskScope::spawn(Task<void> task) {
  if (state_->closed) return FlowHandle();
  auto state = state_;
  const auto signal =
      state->signals.insert(state->signals.end(), std::make_shared<asio::cancellation_signal>());
  FlowHandle handle(*signal);
  auto on_end = [state, signal](std::exception_ptr exception) {
    state->signals.erase(signal);
    if (state->signals.empty()) state->ended.wake_all();
    if (exception) BALANCEFS_CHECK(is_cancellation(exception));
  };
  asio::co_spawn(executor_, from_the_loop(std::move(task)),
                 asio::bind_cancellation_slot((*signal)->slot(), std::move(on_end)));
  return handle;
}

void TaskScope::cancel() {
  state_->closed = true;
  // emit() may end flows at once and with them their list nodes, but never another's: step before emitting.
  for (auto it = state_->signals.begin(); it != state_->signals.end();) {
    const auto signal = *it++;
    signal->emit(asio::cancellation_type::terminal);
  }
}

Task<void> TaskScope::close() {
  co_await asio::this_coro::throw_if_cancelled(false);
  cancel();
  const auto state = state_;
  while (!state->signals.empty()) {
    const WaitOutcome outcome = co_await state->ended.wait_interruptible(nullptr, TimePoint());
    static_cast<void>(outcome);
  }
  co_await asio::this_coro::throw_if_cancelled(true);
}

std::size_t TaskScope::running() const {
  return state_->signals.size();
}

}  // namespace balancefs
