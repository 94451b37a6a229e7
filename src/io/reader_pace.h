// How fast the program behind a handle takes bytes when it does not have to wait for us.
//
// A film player takes 5 MB/s whatever the line could bring, `cat` takes what it gets. The time between our
// answers and the next question is the program's own; the time it waits is ours and does not count. Pure:
// time is an argument.
#pragma once

#include <cstdint>
#include <limits>

#include "balancefs/clock.h"

namespace balancefs {

class ReaderPace {
 public:
  static constexpr std::uint64_t kUnknown = std::numeric_limits<std::uint64_t>::max();

  /// A read came. It waits until ended() unless it is answered at once.
  void began(TimePoint now);
  void ended(TimePoint now);
  /// By so many bytes a read moved its stream on.
  void consumed(std::uint64_t bytes) { bytes_ += static_cast<double>(bytes); }

  /// Bytes per second; kUnknown before there was enough to judge by, and for whoever takes all at once.
  std::uint64_t bytes_per_second() const;

 private:
  void count_own_time(TimePoint now);
  void forget_older(TimePoint now);

  std::uint32_t waiting_ = 0;
  TimePoint seen_{};       ///< up to here the program's own time is counted
  TimePoint forgotten_{};  ///< when the past was last halved
  bool begun_ = false;
  double bytes_ = 0;
  double own_seconds_ = 0;
};

}  // namespace balancefs
