// libmicrohttpd on the daemon's own loop: no thread of its own, its epoll descriptor and its timeout wait in
// the loop.
//
// Every call into the library is made on the loop thread, and never from inside one of its callbacks: what a
// callback leads to is posted.
#pragma once

#include <microhttpd.h>

#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/steady_timer.hpp>
#include <cstdint>
#include <memory>
#include <vector>

#include "balancefs/result.h"

namespace balancefs {

/// Made with make_shared: handlers waiting in the loop hold it weakly.
class MicrohttpdLoop : public std::enable_shared_from_this<MicrohttpdLoop> {
 public:
  using Options = std::vector<MHD_OptionItem>;

  explicit MicrohttpdLoop(asio::io_context& loop) : loop_(loop), timer_(loop), ready_(loop) {}
  MicrohttpdLoop(const MicrohttpdLoop&) = delete;
  MicrohttpdLoop& operator=(const MicrohttpdLoop&) = delete;

  /// Serves what connects to `listening`, a socket that it closes, by `answer` with `owner` as its closure.
  Result<void> start(int listening, MHD_AccessHandlerCallback answer, void* owner,
                     Options options = Options());
  /// Closes the socket and all connections at once; none may be suspended. Idempotent.
  void stop();
  bool running() const { return daemon_ != nullptr; }
  /// The library has something to do: a connection was resumed. From anywhere on the loop thread.
  void run_soon();

 private:
  struct Stop {
    void operator()(MHD_Daemon* daemon) const { MHD_stop_daemon(daemon); }
  };
  void run();
  void wait_for_events();

  asio::io_context& loop_;
  bool run_posted_ = false;
  std::uint64_t wait_ = 0;  // of the descriptor and the timer, the first to come ends the wait of both

  // In the order of destruction: the daemon goes first, its descriptor in the loop before the daemon's own.
  asio::steady_timer timer_;
  asio::posix::stream_descriptor ready_;  // a duplicate of the daemon's epoll descriptor
  std::unique_ptr<MHD_Daemon, Stop> daemon_;
};

}  // namespace balancefs
