#include "web/microhttpd_loop.h"

#include <fcntl.h>
#include <unistd.h>

#include <asio/post.hpp>
#include <chrono>
#include <utility>

namespace balancefs {

Result<void> MicrohttpdLoop::start(int listening, MHD_AccessHandlerCallback answer, void* owner,
                                   Options options) {
  options.push_back({MHD_OPTION_LISTEN_SOCKET, listening, nullptr});
  options.push_back({MHD_OPTION_END, 0, nullptr});
  daemon_.reset(MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, nullptr, nullptr, answer, owner,
                                 MHD_OPTION_ARRAY, options.data(), MHD_OPTION_END));
  if (!daemon_) {
    ::close(listening);
    return fail(ErrorKind::unavailable, "libmicrohttpd does not start");
  }
  const int epoll = MHD_get_daemon_info(daemon_.get(), MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
  asio::error_code error;
  ready_.assign(::fcntl(epoll, F_DUPFD_CLOEXEC, 0), error);
  if (error) {
    daemon_.reset();
    return fail(ErrorKind::unavailable, "libmicrohttpd cannot be watched: " + error.message());
  }
  run_soon();
  return {};
}

void MicrohttpdLoop::stop() {
  if (!daemon_) return;
  ready_.close();
  timer_.cancel();
  daemon_.reset();
}

void MicrohttpdLoop::run_soon() {
  if (std::exchange(run_posted_, true)) return;
  asio::post(loop_, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return;
    self->run_posted_ = false;
    self->run();
  });
}

void MicrohttpdLoop::run() {
  if (!daemon_) return;
  MHD_run(daemon_.get());
  wait_for_events();
}

void MicrohttpdLoop::wait_for_events() {
  MHD_UNSIGNED_LONG_LONG milliseconds = 0;
  const bool limited = MHD_get_timeout(daemon_.get(), &milliseconds) == MHD_YES;
  if (limited && milliseconds == 0) return run_soon();
  const std::uint64_t wait = ++wait_;
  const auto go_on = [weak = weak_from_this(), wait](const asio::error_code& error) {
    const auto self = weak.lock();
    if (error || !self || !self->daemon_ || self->wait_ != wait) return;
    ++self->wait_;
    self->ready_.cancel();
    self->timer_.cancel();
    self->run();
  };
  ready_.cancel();
  ready_.async_wait(asio::posix::descriptor_base::wait_read, go_on);
  timer_.cancel();
  if (!limited) return;
  timer_.expires_after(std::chrono::milliseconds(milliseconds));
  timer_.async_wait(go_on);
}

}  // namespace balancefs
