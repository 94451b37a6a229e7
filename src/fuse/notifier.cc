#include "fuse/notifier.h"

namespace balancefs {

Notifier::Notifier(Executor executor, Send send)
    : executor_(std::move(executor)),
      send_(std::move(send)),
      end_(std::make_shared<End>()),
      thread_([this] { run(); }) {}

Notifier::~Notifier() {
  stop();
  thread_.join();
}

void Notifier::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
}

Task<void> Notifier::close() {
  stop();
  const std::shared_ptr<End> end = end_;
  while (!end->reached) co_await end->waiting.wait();
}

void Notifier::invalidate_entry(std::uint64_t parent, std::string name) {
  {
    const std::lock_guard lock(mutex_);
    enqueue(Message(parent, std::move(name)));
  }
  wake_.notify_one();
}

Notifier::Busy::Busy(Notifier& notifier, std::uint64_t directory)
    : notifier_(&notifier), directory_(directory) {
  const std::lock_guard lock(notifier.mutex_);
  ++notifier.busy_[directory].unanswered;
}

Notifier::Busy::~Busy() {
  if (notifier_ != nullptr) notifier_->answered(directory_);
}

void Notifier::answered(std::uint64_t directory) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = busy_.find(directory);
    if (--found->second.unanswered > 0) return;
    for (const std::string& name : found->second.waiting) enqueue(Message(directory, name));
    busy_.erase(found);
  }
  wake_.notify_one();
}

void Notifier::enqueue(Message message) {
  const auto [place, is_new] = queued_.insert(std::move(message));
  if (is_new) order_.push_back(place);
}

Notifier::Message Notifier::take_first() {
  Message message = std::move(queued_.extract(order_.front()).value());
  order_.pop_front();
  return message;
}

void Notifier::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return stopping_ || !order_.empty(); });
    if (stopping_) break;
    const Message message = take_first();
    const auto& [parent, name] = message;
    // Looked at last, not when the name came: the queue may have been long.
    const auto directory = busy_.find(parent);
    if (directory != busy_.end()) {
      directory->second.waiting.insert(name);
      continue;
    }
    lock.unlock();
    send_(parent, name);
    lock.lock();
  }
  lock.unlock();
  asio::post(executor_, [end = end_] {
    end->reached = true;
    end->waiting.wake_all();
  });
}

}  // namespace balancefs
