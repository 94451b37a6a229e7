#include "fuse/read_sender.h"

namespace balancefs {

ReadSender::ReadSender(Executor executor, Send send)
    : executor_(std::move(executor)),
      send_(std::move(send)),
      returned_(std::make_shared<Returned>()),
      thread_([this] { run(); }) {}

ReadSender::~ReadSender() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void ReadSender::send(fuse_req_t request, ReadReply data) {
  ++returned_->unsent;
  bool idle = false;
  {
    const std::lock_guard lock(mutex_);
    idle = queue_.empty();
    queue_.emplace_back(request, std::move(data));
  }
  if (idle) wake_.notify_one();
}

Task<void> ReadSender::close() {
  const std::shared_ptr<Returned> returned = returned_;
  while (returned->unsent > 0) co_await returned->all_sent.wait();
}

void ReadSender::let_go(const std::shared_ptr<Returned>& returned) {
  std::vector<ReadReply> sent;
  {
    const std::lock_guard lock(returned->mutex);
    sent.swap(returned->sent);
  }
  returned->unsent -= sent.size();
  if (returned->unsent == 0) returned->all_sent.wake_all();
}

void ReadSender::run() {
  std::vector<Answer> answers;
  for (;;) {
    answers.clear();
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      if (queue_.empty()) return;
      answers.swap(queue_);
    }
    for (auto& [request, data] : answers) {
      send_(request, data);
      bool first = false;
      {
        const std::lock_guard lock(returned_->mutex);
        first = returned_->sent.empty();
        returned_->sent.push_back(std::move(data));
      }
      if (first) asio::post(executor_, [returned = returned_] { let_go(returned); });
    }
  }
}

}  // namespace balancefs
