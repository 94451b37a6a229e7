// The daemon as a service: signals, and what a service manager wants to know. Loop thread; made after the
// fork.
#pragma once

#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>
#include <functional>
#include <string_view>

#include "balancefs/clock.h"

namespace balancefs {

class Service {
 public:
  /// A clean end takes at most this long (docs/SEMANTICS.md, "Nothing hangs").
  static constexpr Duration kLongestEnd = std::chrono::seconds(10);

  /// SIGTERM and SIGINT call `stop` once; the second of them, or kLongestEnd, calls `force`. SIGPIPE is
  /// ignored. From now until stopped() the loop has work.
  Service(asio::io_context& loop, Clock& clock, std::function<void()> stop, std::function<void()> force);
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  /// `refresh` is called for every SIGUSR1, for which nothing is done before.
  void set_on_refresh(std::function<void()> refresh) { refresh_ = std::move(refresh); }
  /// `reload` is called for every SIGHUP, for which nothing is done before; its end is told by reloaded().
  void set_on_reload(std::function<void()> reload) { reload_ = std::move(reload); }
  /// The service manager knows that the mount serves by another configuration, or still by the old one.
  void reloaded();
  /// The end has begun without a signal (an unmount from outside): it gets no longer for that. Idempotent.
  void ending();
  /// The mount answers: tells the service manager, with a line of status. From now until stopped() its
  /// watchdog is fed, when it has one, at half of its time: as long as the loop turns.
  void ready(std::string_view status);
  /// Everything is down: signals and the limit are let go of, so that the loop can end.
  void stopped();

 private:
  void wait();
  void handle(int signal);
  void feed_watchdog();

  asio::signal_set signals_;
  Clock& clock_;
  std::function<void()> stop_;
  std::function<void()> force_;
  std::function<void()> refresh_;
  std::function<void()> reload_;
  Timer limit_;
  Duration feeding_{};  ///< the time between two meals of the watchdog; 0: there is none
  Timer next_feeding_;
  bool asked_ = false;  ///< by a signal
  bool ending_ = false;
};

}  // namespace balancefs
