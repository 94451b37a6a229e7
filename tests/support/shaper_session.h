// One connection through the shaper. Lives on the shaper's own thread.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>
#include <deque>
#include <memory>
#include <string>

#include "support/shaper.h"

namespace balancefs::test {

using ShaperTime = std::chrono::steady_clock::time_point;

/// What all connections share.
struct ShaperState {
  explicit ShaperState(int target) : target_port(target) {}
  int target_port;
  ShaperSettings settings;
  ShaperFault fault = ShaperFault::none;
  std::uint64_t argument = 0;
  ShaperTime line_free;  ///< when the line that all connections share has sent what it took
  ShaperCounts counts;
};

class ShaperSession : public std::enable_shared_from_this<ShaperSession> {
 public:
  ShaperSession(asio::ip::tcp::socket client, ShaperState& state);
  ~ShaperSession();
  void run();
  /// Ends it with a reset.
  void reset();
  /// Whether bytes went to the client within `window`, or a request waits for its first.
  bool is_busy(std::chrono::nanoseconds window) const;

 private:
  using Socket = asio::ip::tcp::socket;
  using Self = std::shared_ptr<ShaperSession>;
  template <class T = void>
  using Job = asio::awaitable<T>;

  /// One connection to the server; a fault that edits answers gets one for a single answer.
  struct Upstream {
    explicit Upstream(asio::any_io_executor executor) : socket(executor) {}
    Socket socket;
    ShaperFault fault = ShaperFault::none;  ///< that edits its answer
    std::uint64_t body_left = UINT64_MAX;   ///< before it is cut
    bool head_done = false;
    std::string head;
  };

  static Job<> serve(Self self);
  static Job<> pump(Self self, std::shared_ptr<Upstream> upstream);
  static Job<> deliver(Self self);
  static Job<> tunnel(Self self);
  Job<bool> read_request(std::string& request);
  Job<bool> forward(std::string request);
  Job<> wait_while_stalled();
  Job<> sleep_until(ShaperTime when);
  bool own_answer(std::string& answer) const;
  bool edit(Upstream& upstream, std::string& bytes) const;
  void queue(std::string bytes, bool last);
  ShaperTime pace(std::size_t bytes);
  void close();

  struct Piece {
    ShaperTime due;
    std::string bytes;
    bool last;
    Piece(ShaperTime when, std::string data, bool end) : due(when), bytes(std::move(data)), last(end) {}
  };

  ShaperState& state_;
  Socket client_;
  asio::steady_timer changed_;  ///< cancelled whenever the queue changes
  std::string pending_;         ///< of the client, not yet forwarded
  std::shared_ptr<Upstream> upstream_;
  std::deque<Piece> pieces_;
  std::size_t queued_ = 0;
  ShaperTime line_free_;
  ShaperTime last_sent_;
  bool waits_ = false;  ///< asked, and nothing came yet
  bool closed_ = false;
};

}  // namespace balancefs::test
