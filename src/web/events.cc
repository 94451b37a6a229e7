#include "web/events.h"

#include <algorithm>

#include "balancefs/result.h"

namespace balancefs {

class Events::Stream final : public WebStream {
 public:
  Stream(Events& events, std::string greeting) : events_(events), own_(std::move(greeting)) {
    events_.streams_.insert(this);
  }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  ~Stream() override { events_.streams_.erase(this); }

  std::size_t read(std::span<char> out) override {
    if (at_ == text().size() && events_.newest_ != sending_) {
      sending_ = events_.newest_;
      at_ = 0;
    }
    const std::size_t count = std::min(out.size(), text().size() - at_);
    std::copy_n(text().begin() + static_cast<std::ptrdiff_t>(at_), count, out.begin());
    at_ += count;
    return count;
  }

 private:
  const std::string& text() const { return sending_ ? *sending_ : own_; }

  Events& events_;
  const std::string own_;
  std::shared_ptr<const std::string> sending_;  ///< null: `own_`
  std::size_t at_ = 0;
};

Events::~Events() {
  BALANCEFS_CHECK(streams_.empty());
}

std::unique_ptr<WebStream> Events::join(const std::string& greeting) {
  if (streams_.size() >= kMost) return nullptr;
  if (streams_.empty() || clock_.now() - taken_ >= kPause) take_state();
  // How soon a browser comes back after the daemon has gone, in milliseconds.
  auto stream = std::make_unique<Stream>(*this, "retry: 1000\nevent: hello\ndata: " + greeting + "\n\n");
  if (streams_.size() == 1) send_at(clock_.now() + kPeriod);
  return stream;
}

void Events::changed() {
  if (streams_.empty()) return;
  send_at(std::min(due_, std::max(clock_.now(), taken_ + kPause)));
}

void Events::take_state() {
  newest_ = std::make_shared<const std::string>("event: state\ndata: " + state_() + "\n\n");
  taken_ = clock_.now();
}

void Events::send_at(TimePoint when) {
  due_ = when;
  timer_ = clock_.call_at(when, [this] { send(); });
}

void Events::send() {
  due_ = TimePoint::max();
  timer_.reset();
  if (streams_.empty()) return newest_.reset();
  take_state();
  send_at(clock_.now() + kPeriod);
  for (Stream* stream : streams_) {
    if (stream->on_ready) stream->on_ready();
  }
}

}  // namespace balancefs
