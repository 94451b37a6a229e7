#include "support/shaper.h"

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/post.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <future>
#include <vector>

#include "support/shaper_session.h"

namespace balancefs::test {

using asio::ip::tcp;

class Shaper::Listener : public std::enable_shared_from_this<Listener> {
 public:
  Listener(int target_port, int listen_port)
      : state(target_port), work_(asio::make_work_guard(loop)), acceptor_(loop), port_(listen_port) {}

  int open() {
    const tcp::endpoint endpoint(asio::ip::address_v4::loopback(), static_cast<std::uint16_t>(port_));
    acceptor_ = tcp::acceptor(loop, endpoint, true);
    port_ = acceptor_.local_endpoint().port();
    asio::co_spawn(loop, accept(shared_from_this()), asio::detached);
    return port_;
  }

  void set_fault(ShaperFault fault, std::uint64_t argument) {
    state.fault = fault;
    state.argument = argument;
    std::error_code ignored;
    const bool refuse = fault == ShaperFault::refuse;
    if (refuse) acceptor_.close(ignored);
    if (refuse || fault == ShaperFault::reset) reset_all();
    if (!refuse && !acceptor_.is_open()) open();
  }

  std::uint64_t busy(std::chrono::nanoseconds window) const {
    return static_cast<std::uint64_t>(std::ranges::count_if(sessions_, [&](const auto& weak) {
      const auto session = weak.lock();
      return session && session->is_busy(window);
    }));
  }

  void stop() {
    std::error_code ignored;
    acceptor_.close(ignored);
    state.fault = ShaperFault::none;
    reset_all();
    work_.reset();
  }

  /// Runs `job` on the shaper's thread and waits for it.
  template <class Job>
  void run(Job job) {
    std::promise<void> done;
    asio::post(loop, [&] {
      job();
      done.set_value();
    });
    done.get_future().wait();
  }

  ShaperState state;  // outlives the sessions in the loop's queues
  asio::io_context loop;

 private:
  static asio::awaitable<void> accept(std::shared_ptr<Listener> self) {
    std::error_code error;
    while (self->acceptor_.is_open()) {
      tcp::socket client(self->loop);
      co_await self->acceptor_.async_accept(client, asio::redirect_error(asio::use_awaitable, error));
      if (error) co_return;
      client.set_option(tcp::no_delay(true), error);
      auto session = std::make_shared<ShaperSession>(std::move(client), self->state);
      std::erase_if(self->sessions_, [](const auto& weak) { return weak.expired(); });
      self->sessions_.push_back(session);
      session->run();
    }
  }

  void reset_all() {
    for (const auto& weak : sessions_) {
      if (const auto session = weak.lock()) session->reset();
    }
    sessions_.clear();
  }

  asio::executor_work_guard<asio::io_context::executor_type> work_;
  tcp::acceptor acceptor_;
  int port_;
  std::vector<std::weak_ptr<ShaperSession>> sessions_;
};

Shaper::Shaper(int target_port, ShaperSettings settings, int listen_port)
    : listener_(std::make_shared<Listener>(target_port, listen_port)) {
  listener_->state.settings = settings;
  port_ = listener_->open();
  thread_ = std::thread([listener = listener_] { listener->loop.run(); });
}

Shaper::~Shaper() {
  asio::post(listener_->loop, [listener = listener_] { listener->stop(); });
  thread_.join();
}

void Shaper::set_fault(ShaperFault fault, std::uint64_t argument) {
  listener_->run([&] { listener_->set_fault(fault, argument); });
}

void Shaper::set_settings(ShaperSettings settings) {
  listener_->run([&] { listener_->state.settings = settings; });
}

std::uint64_t Shaper::busy(std::chrono::nanoseconds window) {
  std::uint64_t count = 0;
  listener_->run([&] { count = listener_->busy(window); });
  return count;
}

const ShaperCounts& Shaper::counts() const {
  return listener_->state.counts;
}

}  // namespace balancefs::test
