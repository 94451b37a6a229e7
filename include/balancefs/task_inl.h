// Template bodies of task.h. Not for direct inclusion.
#pragma once

namespace balancefs {

template <class T>
Flow<T>::Flow(const Executor& executor, Task<T> task) : state_(std::make_shared<State>()) {
  auto state = state_;
  auto on_end = [state](std::exception_ptr exception) {
    if (exception) {
      BALANCEFS_CHECK(is_cancellation(exception));
      state->result.emplace(fail(ErrorKind::cancelled, "cancelled"));
    }
    state->ended.wake_all();
  };
  asio::co_spawn(executor, run(state, std::move(task)),
                 asio::bind_cancellation_slot(state->signal.slot(), std::move(on_end)));
}

template <class T>
Task<void> Flow<T>::run(std::shared_ptr<State> state, Task<T> task) {
  T result;
  {
    // The child's frame, and with it every reference to the caller's locals, is gone before `done()` says so.
    Task<T> child = std::move(task);
    result = co_await std::move(child);
  }
  state->result.emplace(std::move(result));
}

template <class T>
Task<bool> Flow<T>::watch(Clock* clock, TimePoint deadline, bool until_done) {
  co_await asio::this_coro::throw_if_cancelled(false);
  WaitOutcome outcome = WaitOutcome::woken;
  bool cancelled = false;
  while (!done()) {
    outcome = co_await state_->ended.wait_interruptible(cancelled ? nullptr : clock, deadline);
    // A cancellation that came after the wake-up and before this turn is known by the state alone. The
    // caller's next co_await would throw it, with the child still running.
    const asio::cancellation_state state = co_await asio::this_coro::cancellation_state;
    const bool late = !cancelled && state.cancelled() != asio::cancellation_type::none;
    if (outcome == WaitOutcome::cancelled || late) {
      cancelled = true;
      cancel();
    } else if (!cancelled && !until_done) {
      break;
    }
  }
  co_await asio::this_coro::throw_if_cancelled(true);
  if (cancelled) throw_cancelled();
  co_return done();
}

template <class T>
Task<T> Flow<T>::join() {
  co_await watch(nullptr, TimePoint(), true);
  co_return take();
}

template <class T>
Task<bool> Flow<T>::join_until(Clock& clock, TimePoint deadline) {
  return watch(&clock, deadline, false);
}

template <class T>
Task<bool> Flow<T>::join_or_wake() {
  return watch(nullptr, TimePoint(), false);
}

}  // namespace balancefs
