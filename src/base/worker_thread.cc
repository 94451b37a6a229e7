#include "base/worker_thread.h"

namespace balancefs {

WorkerThread::WorkerThread(Executor executor, Clock& clock) : executor_(std::move(executor)), clock_(clock) {
  thread_ = std::jthread([this](const std::stop_token& stop) { work(stop); });
}

WorkerThread::~WorkerThread() = default;

void WorkerThread::enqueue(std::function<void()> work) {
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back(std::move(work));
  }
  wake_.notify_one();
}

void WorkerThread::work(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    std::function<void()> next;
    {
      std::unique_lock lock(mutex_);
      if (!wake_.wait(lock, stop, [this] { return !queue_.empty(); })) return;
      next = std::move(queue_.front());
      queue_.pop_front();
    }
    next();
  }
}

}  // namespace balancefs
