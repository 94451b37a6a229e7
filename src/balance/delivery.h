// What a member delivers: its rate, its first-byte time, and what is asked of it right now.
//
// The rate is one request's, measured while bytes flow and together with how many flowed side by side: a
// storage that caps each connection and one that caps them together look the same otherwise. Pure.
#pragma once

#include <cstdint>
#include <optional>

#include "balancefs/clock.h"

namespace balancefs {

class Delivery {
 public:
  /// A request for so many bytes was sent.
  void asked(std::uint64_t bytes);
  void first_byte(Duration latency, TimePoint now);
  void arrived(std::uint64_t bytes, TimePoint now);
  /// It ended; `missing` bytes never came. `flowed`: its first byte had come.
  void ended(std::uint64_t missing, bool flowed, TimePoint now);

  std::uint32_t requests() const { return requests_; }
  /// Bytes that are asked for and have not come.
  std::uint64_t queued() const { return queued_; }
  /// Bytes per second that one request brings; nothing before the first was measured.
  std::optional<double> rate() const { return rate_; }
  /// How many flowed side by side when that was measured; at least 1.
  double side_by_side() const { return side_by_side_; }
  /// Smoothed first-byte time.
  std::optional<Duration> latency() const { return latency_; }
  /// When the rate was last measured.
  TimePoint measured() const { return measured_; }

 private:
  void advance(TimePoint now);
  void sample(TimePoint now);

  std::uint32_t requests_ = 0;
  std::uint64_t queued_ = 0;
  std::uint32_t flowing_ = 0;
  TimePoint last_;           ///< until when the integrals below go
  double bytes_ = 0;         ///< since the last sample, as all below
  double busy_ = 0;          ///< seconds in which something flowed
  double request_time_ = 0;  ///< the same for each request, added up
  double seen_ = 0;          ///< seconds of flow in all samples
  std::optional<double> rate_;
  double side_by_side_ = 1;
  std::optional<Duration> latency_;
  TimePoint measured_;
};

}  // namespace balancefs
