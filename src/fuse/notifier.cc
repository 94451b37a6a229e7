#include "fuse/notifier.h"

namespace balancefs {

Notifier::Notifier(Executor executor, Send send)
    : executor_(std::move(executor)),
      send_(std::move(send)),
      end_(std::make_shared<Mark>()),
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
  const MarkPointer end = end_;
  while (!end->reached) co_await end->waiting.wait();
}

void Notifier::invalidate_entries(std::uint64_t parent, const std::vector<std::string_view>& names) {
  {
    const std::lock_guard lock(mutex_);
    for (const std::string_view name : names) enqueue(Message(parent, name, Order::drop));
  }
  wake_.notify_one();
}

void Notifier::expire_entry(std::uint64_t parent, std::string name, ObjectType type) {
  const bool is_file = type == ObjectType::file;
  {
    const std::lock_guard lock(mutex_);
    enqueue(Message(parent, std::move(name), is_file ? Order::expire_file : Order::expire_directory));
  }
  wake_.notify_one();
}

Task<bool> Notifier::told(Clock& clock, TimePoint deadline) {
  const auto mark = std::make_shared<Mark>();
  {
    const std::lock_guard lock(mutex_);
    marks_.emplace_back(queued_ever_, mark);
  }
  wake_.notify_one();
  while (!mark->reached) {
    const bool woken = co_await mark->waiting.wait_until(clock, deadline);
    if (!woken) break;
  }
  co_return mark->reached;
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
    for (const auto& [name, order] : found->second.waiting) enqueue(Message(directory, name, order));
    busy_.erase(found);
  }
  wake_.notify_one();
}

void Notifier::enqueue(Message message) {
  const std::size_t before = queued_.size();
  const auto place = queued_.insert(queued_.end(), std::move(message));  // names come sorted
  if (queued_.size() == before) return;
  order_.push_back(place);
  ++queued_ever_;
}

Notifier::Message Notifier::take_first() {
  Message message = std::move(queued_.extract(order_.front()).value());
  order_.pop_front();
  return message;
}

/// Sends the oldest name, or puts it aside while its directory has requests unanswered. Looked at last, not
/// when the name came: the queue may have been long.
void Notifier::send_first(std::unique_lock<std::mutex>& lock) {
  const Message message = take_first();
  const auto& [parent, name, order] = message;
  const auto directory = busy_.find(parent);
  if (directory != busy_.end()) {
    directory->second.waiting.emplace(name, order);
  } else {
    lock.unlock();
    send_(parent, name, order);
    lock.lock();
  }
  ++done_;
}

void Notifier::reach_marks() {
  const auto reach = [this](MarkPointer mark) {
    asio::post(executor_, [mark = std::move(mark)] {
      mark->reached = true;
      mark->waiting.wake_all();
    });
  };
  while (!marks_.empty() && (stopping_ || marks_.front().first <= done_)) {
    reach(std::move(marks_.front().second));
    marks_.pop_front();
  }
  if (stopping_) reach(end_);
}

void Notifier::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (!order_.empty()) send_first(lock);
    reach_marks();
    wake_.wait(lock, [this] { return stopping_ || !order_.empty() || !marks_.empty(); });
  }
  reach_marks();
}

}  // namespace balancefs
