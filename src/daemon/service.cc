#include "daemon/service.h"

#include <fmt/format.h>
#include <signal.h>
#include <systemd/sd-daemon.h>

#include "base/log.h"
#include "base/text.h"

namespace balancefs {

Service::Service(asio::io_context& loop, Clock& clock, std::function<void()> stop,
                 std::function<void()> force)
    : signals_(loop, SIGTERM, SIGINT, SIGHUP),
      clock_(clock),
      stop_(std::move(stop)),
      force_(std::move(force)) {
  signals_.add(SIGUSR1);
  ::signal(SIGPIPE, SIG_IGN);
  wait();
}

void Service::wait() {
  signals_.async_wait([this](const asio::error_code& error, int signal) {
    if (error) return;
    wait();
    handle(signal);
  });
}

void Service::handle(int signal) {
  if (signal == SIGHUP) {
    if (!reload_ || ending_) return;
    const auto now = std::chrono::steady_clock::now().time_since_epoch() / std::chrono::microseconds(1);
    sd_notify(0, fmt::format("RELOADING=1\nMONOTONIC_USEC={}", now).c_str());
    reload_();
    return;
  }
  if (signal == SIGUSR1) {
    if (refresh_) refresh_();
    return;
  }
  if (asked_) {
    log_warning("asked to end a second time: ending at once");
    force_();
    return;
  }
  log_info("asked to end by signal {}", signal);
  asked_ = true;
  ending();
  stop_();
}

void Service::ending() {
  if (ending_) return;
  ending_ = true;
  sd_notify(0, "STOPPING=1\nSTATUS=unmounting");
  limit_ = clock_.call_at(clock_.now() + kLongestEnd, [this] {
    log_warning("the end took longer than {} s: ending at once", kLongestEnd / std::chrono::seconds(1));
    force_();
  });
}

void Service::ready(std::string_view status) {
  sd_notify(0, fmt::format("READY=1\nSTATUS={}", escape_controls(status)).c_str());
  std::uint64_t microseconds = 0;
  if (sd_watchdog_enabled(0, &microseconds) <= 0) return;
  feeding_ = std::chrono::microseconds(microseconds / 2);  // as sd_watchdog_enabled(3) recommends
  feed_watchdog();
}

void Service::reloaded() {
  if (!ending_) sd_notify(0, "READY=1");
}

void Service::feed_watchdog() {
  sd_notify(0, "WATCHDOG=1");
  next_feeding_ = clock_.call_at(clock_.now() + feeding_, [this] { feed_watchdog(); });
}

void Service::stopped() {
  if (!ending_) sd_notify(0, "STOPPING=1");
  ending_ = true;
  limit_.reset();
  next_feeding_.reset();
  asio::error_code ignored;
  signals_.cancel(ignored);
}

}  // namespace balancefs
