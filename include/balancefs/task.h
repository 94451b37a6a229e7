// Coroutines: Task, waiting, and the ownership of running flows.
//
// Rules that the compiler does not check (docs/DEVELOPMENT.md explains each):
//  - everything here lives on the one loop thread;
//  - cancellation is the only exception that travels; TaskScope and Flow are the only places that catch it;
//  - no `{` and no lambda in a statement with co_await (tests/lint rejects it): name it first;
//  - a coroutine's parameters are values unless the awaiting caller owns what they refer to;
//  - no capturing lambda is a coroutine.
#pragma once

#include <asio/associated_cancellation_slot.hpp>
#include <asio/associated_executor.hpp>
#include <asio/async_result.hpp>
#include <asio/awaitable.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/post.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <exception>
#include <list>
#include <memory>
#include <optional>
#include <utility>

#include "balancefs/clock.h"
#include "balancefs/result.h"

namespace balancefs {

template <class T = void>
using Task = asio::awaitable<T>;

using Executor = asio::any_io_executor;

/// What a wait ended with. Only `interruptible` waits return `cancelled`; the others throw it.
enum class WaitOutcome { woken, deadline, cancelled };

/// A condition that coroutines wait for: a list of waiters that `wake_all` or `wake_one` resumes.
///
/// Waking posts to the waiter's executor, so a wake-up never runs a waiter inside the caller. There is no
/// memory: a wake with nobody waiting is lost, so waiters test their condition in a loop. The list must
/// outlive its waiters; destroying it with waiters left destroys their coroutines.
class WaitList {
 public:
  WaitList();
  WaitList(const WaitList&) = delete;
  WaitList& operator=(const WaitList&) = delete;
  ~WaitList();

  /// Waits for a wake. Throws the cancellation exception when the calling flow is cancelled.
  Task<void> wait();
  /// Waits for a wake or for the time. Returns false when the time came first. Throws when cancelled.
  Task<bool> wait_until(Clock& clock, TimePoint deadline);
  /// As wait_until (nullptr: no deadline), but reports cancellation as a value. For callers that must put
  /// something in order before they unwind; they have to have called `throw_if_cancelled(false)`.
  Task<WaitOutcome> wait_interruptible(Clock* clock, TimePoint deadline);

  void wake_one();
  void wake_all();
  bool empty() const { return waiters_.empty(); }
  std::size_t size() const { return waiters_.size(); }

 private:
  class Waiter;
  template <class Handler>
  class HandlerWaiter;
  struct Initiate;

  struct Link;
  using Waiters = std::list<std::unique_ptr<Waiter>>;

  static void finish(Link& link, WaitOutcome outcome);

  Waiters waiters_;
};

/// Suspends the calling flow for a time of `clock`. Throws when cancelled.
Task<void> sleep_for(Clock& clock, Duration duration);

/// Throws the cancellation exception. Caught by TaskScope and Flow alone.
[[noreturn]] void throw_cancelled();
/// Whether an exception is the cancellation exception; anything else is a bug.
bool is_cancellation(const std::exception_ptr& exception);

/// Asks one flow of a TaskScope to end. Copyable; does nothing once the flow is gone.
class FlowHandle {
 public:
  FlowHandle() = default;
  explicit FlowHandle(std::weak_ptr<asio::cancellation_signal> signal) : signal_(std::move(signal)) {}
  void cancel() const {
    if (const auto signal = signal_.lock()) signal->emit(asio::cancellation_type::terminal);
  }

 private:
  std::weak_ptr<asio::cancellation_signal> signal_;
};

/// Owns running flows: `cancel()` asks all of them to end, `close()` also waits until they have.
///
/// The destructor CHECKs that none is left (a cancelled flow is gone only after the loop has run). Whoever
/// owns a TaskScope has an `async close` of its own that ends with `co_await scope.close()`.
class TaskScope {
 public:
  explicit TaskScope(Executor executor);
  TaskScope(const TaskScope&) = delete;
  TaskScope& operator=(const TaskScope&) = delete;
  ~TaskScope();

  /// Starts a flow; it runs from the loop, not inside this call. After cancel() or close() the task is
  /// dropped.
  FlowHandle spawn(Task<void> task);
  /// Asks every running flow to end. New ones are refused from now on.
  void cancel();
  /// cancel(), then waits until every flow is gone. Not cancellable itself.
  Task<void> close();
  std::size_t running() const;
  const Executor& executor() const { return executor_; }

 private:
  struct State;
  Executor executor_;
  std::shared_ptr<State> state_;
};

/// One child flow with a result, for a caller that does something while the child runs (watches, races).
///
/// The child may refer to the caller's locals: between start and the end of the child, the caller must await
/// nothing but `join` and `join_until`, which never unwind before the child has ended. T is a Result: a
/// cancelled child has the result `cancelled`. The destructor CHECKs that the child has ended.
template <class T>
class Flow {
 public:
  Flow(const Executor& executor, Task<T> task);
  Flow(const Flow&) = delete;
  Flow& operator=(const Flow&) = delete;
  ~Flow() { BALANCEFS_CHECK(!state_ || state_->result.has_value()); }

  bool done() const { return state_->result.has_value(); }
  /// Asks the child to end; it has ended only when `done()`.
  void cancel() { state_->signal.emit(asio::cancellation_type::terminal); }
  /// Waits for the child's end and gives its result. When the caller is cancelled, so is the child, and the
  /// cancellation is thrown once the child has ended.
  Task<T> join();
  /// Waits for the child's end or for the time; returns done().
  Task<bool> join_until(Clock& clock, TimePoint deadline);
  /// Waits until the child has ended or `wake_watcher` was called; returns done().
  Task<bool> join_or_wake();
  /// Ends the current join_until or join_or_wake of the caller without ending the child.
  void wake_watcher() { state_->ended.wake_all(); }
  /// The result of a child that is done(). Moves it out: call once.
  T take() { return std::move(*state_->result); }

 private:
  struct State {
    asio::cancellation_signal signal;
    std::optional<T> result;
    WaitList ended;
  };
  Task<bool> watch(Clock* clock, TimePoint deadline, bool until_done);
  static Task<void> run(std::shared_ptr<State> state, Task<T> task);

  std::shared_ptr<State> state_;
};

}  // namespace balancefs

#include "balancefs/task_inl.h"  // IWYU pragma: keep
