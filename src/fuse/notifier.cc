#include "fuse/notifier.h"

namespace balancefs {

Notifier::Notifier(fuse_session* session) : session_(session), thread_([this] { run(); }) {}

Notifier::~Notifier() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void Notifier::invalidate_entry(std::uint64_t parent, std::string name) {
  const auto directory = busy_.find(parent);
  if (directory != busy_.end()) {
    directory->second.waiting.push_back(std::move(name));
  } else {
    send(parent, std::move(name));
  }
}

Notifier::Busy::Busy(Notifier& notifier, std::uint64_t directory)
    : notifier_(&notifier), directory_(directory) {
  ++notifier_->busy_[directory].unanswered;
}

Notifier::Busy::~Busy() {
  if (notifier_ != nullptr) notifier_->answered(directory_);
}

void Notifier::answered(std::uint64_t directory) {
  const auto found = busy_.find(directory);
  if (--found->second.unanswered > 0) return;
  const std::vector<std::string> waiting = std::move(found->second.waiting);
  busy_.erase(found);
  for (const std::string& name : waiting) send(directory, name);
}

void Notifier::send(std::uint64_t parent, std::string name) {
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back(Message{parent, std::move(name)});
  }
  wake_.notify_one();
}

void Notifier::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (stopping_) return;
    const Message message = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    // ENOENT (the kernel does not know the name) and a closed descriptor are both fine.
    fuse_lowlevel_notify_inval_entry(session_, message.parent, message.name.data(), message.name.size());
    lock.lock();
  }
}

}  // namespace balancefs
