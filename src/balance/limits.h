// What a storage, or an account that several share, may be asked: requests at once, requests per second,
// bytes per second. Decides what may start and when the next may; who goes first is account.h's.
//
// Rates are buckets of one second's worth, kept as the time at which they are full again: exact, without
// ticks. Bytes are taken before a request starts, whatever the bucket holds, so it may be in debt by one
// request; what did not come is given back. Pure.
#pragma once

#include <cstdint>
#include <optional>

#include "balancefs/clock.h"
#include "balancefs/options.h"

namespace balancefs {

class Limits {
 public:
  explicit Limits(const LimitOptions& options) : options_(options) {}

  /// Other limits from now on; what is under way and what was taken still count.
  void change(const LimitOptions& options) { options_ = options; }
  /// Whether a request may start. `data`: of file data; others are not held up by the bandwidth.
  bool may_start(bool data, TimePoint now) const;
  /// When one may, as far as time decides; nothing while one that is under way has to end first.
  std::optional<TimePoint> next_start(bool data) const;
  /// One starts and will bring at most so many bytes of data. Also for one that did not ask whether it may.
  void started(std::uint64_t bytes, TimePoint now);
  /// It ended; so many of these bytes never came.
  void ended(std::uint64_t missing);

  std::uint32_t running() const { return running_; }
  /// As much as one request should ask for, so that requests take turns within a second; 0: no limit.
  std::uint64_t piece() const;

 private:
  Duration per_request() const;
  Duration time_of(std::uint64_t bytes) const;

  LimitOptions options_;
  std::uint32_t running_ = 0;
  TimePoint requests_full_;  ///< when the bucket of requests is full again
  TimePoint bytes_full_;     ///< when that of bytes is
};

}  // namespace balancefs
