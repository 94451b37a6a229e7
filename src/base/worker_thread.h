// A thread of its own for what may block, with results that come back to the loop.
//
// One std::jthread and a queue, in order. A job owns all that it touches: the flow that waits for it may be
// cancelled and gone while the job runs, and then the result is dropped. Jobs not begun when the worker is
// destroyed are dropped; the one that runs is waited for.
//
// run() is for the loop thread. The executor's context must outlive the worker; a result that arrives after
// the flow has gone finds nobody and is forgotten.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "balancefs/task.h"

namespace balancefs {

class WorkerThread {
 public:
  WorkerThread(Executor executor, Clock& clock);
  WorkerThread(const WorkerThread&) = delete;
  WorkerThread& operator=(const WorkerThread&) = delete;
  ~WorkerThread();

  /// Runs `job` on the thread and gives its result, or `timed_out` at the deadline. After that, and when the
  /// flow is cancelled, the job still runs to its end, or is skipped when it had not begun.
  template <class T>
  Task<Result<T>> run(std::function<Result<T>()> job, std::optional<TimePoint> deadline);

 private:
  /// What a waiting flow and its job share; the flow's half is touched on the loop only.
  template <class T>
  struct Call {
    std::optional<Result<T>> result;
    WaitList finished;
    std::stop_source abandoned;
  };
  class Abandon;

  void enqueue(std::function<void()> work);
  void work(const std::stop_token& stop);

  Executor executor_;
  Clock& clock_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::deque<std::function<void()>> queue_;
  std::jthread thread_;
};

/// Tells a job that its flow has gone, on every way out of the wait.
class WorkerThread::Abandon {
 public:
  explicit Abandon(std::stop_source source) : source_(std::move(source)) {}
  ~Abandon() { source_.request_stop(); }
  Abandon(const Abandon&) = delete;
  Abandon& operator=(const Abandon&) = delete;

 private:
  std::stop_source source_;
};

template <class T>
Task<Result<T>> WorkerThread::run(std::function<Result<T>()> job, std::optional<TimePoint> deadline) {
  auto call = std::make_shared<Call<T>>();
  const Abandon abandon(call->abandoned);
  // Tracked: the loop does not run out of work while a job is on its way.
  const Executor executor = asio::prefer(executor_, asio::execution::outstanding_work.tracked);
  enqueue([call, job = std::move(job), executor]() mutable {
    if (call->abandoned.stop_requested()) return;
    auto result = std::make_shared<Result<T>>(job());
    // The call is given back to the loop: its waiters must not be destroyed on this thread.
    asio::post(executor, [call = std::move(call), result = std::move(result)] {
      call->result.emplace(std::move(*result));
      call->finished.wake_all();
    });
  });
  while (!call->result && deadline) {
    const bool woken = co_await call->finished.wait_until(clock_, *deadline);
    if (!woken && !call->result) co_return fail(ErrorKind::timed_out, "local: no answer in time");
  }
  while (!call->result) co_await call->finished.wait();
  co_return std::move(*call->result);
}

}  // namespace balancefs
