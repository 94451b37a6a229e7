// Server-sent events for the page: the whole state each second while somebody listens, and at once when a
// member's state changes.
//
// Everybody gets the same text, made once. Who reads slowly skips what came meanwhile and goes on with the
// newest; nothing is queued for anybody. Loop thread. Outlives its streams.
#pragma once

#include <memory>
#include <set>
#include <string>

#include "balancefs/clock.h"
#include "web/web_request.h"

namespace balancefs {

class Events {
 public:
  static constexpr std::size_t kMost = 16;  ///< streams at once
  static constexpr Duration kPeriod = std::chrono::seconds(1);
  /// Between two events, however much happens.
  static constexpr Duration kPause = std::chrono::milliseconds(100);

  /// `state` is one line, asked for only while somebody listens.
  Events(Clock& clock, std::function<std::string()> state) : clock_(clock), state_(std::move(state)) {}
  Events(const Events&) = delete;
  Events& operator=(const Events&) = delete;
  ~Events();

  /// A stream that begins with the line `greeting` and the state as it is. Null: there are enough.
  std::unique_ptr<WebStream> join(const std::string& greeting);
  /// Something happened that everybody wants to see. May be called from anywhere: nothing is done at once.
  void changed();
  std::size_t listeners() const { return streams_.size(); }

 private:
  class Stream;
  void take_state();
  void send_at(TimePoint when);
  void send();

  Clock& clock_;
  const std::function<std::string()> state_;
  std::set<Stream*> streams_;
  std::shared_ptr<const std::string> newest_;  ///< an event as it is sent
  TimePoint taken_{};                          ///< when `newest_` was
  TimePoint due_ = TimePoint::max();           ///< when the next one is
  Timer timer_;
};

}  // namespace balancefs
