// What the connections of one handle bring: one of them, and all together.
//
// Together they tell how many are worth having: a storage that gives each connection 25 MB/s and eight of
// them 200 is asked by eight, one whose line is full with one is not asked by twelve. Shared by the handle
// and the transfers that it began. Pure: time is an argument.
#pragma once

#include <cstdint>

#include "balancefs/clock.h"

namespace balancefs {

class LineMeter {
 public:
  /// A transfer brought bytes.
  void received(std::uint64_t bytes, TimePoint now);
  /// A transfer has ended that brought `bytes`, the first of them at `first_byte`.
  void ended(std::uint64_t bytes, TimePoint first_byte, TimePoint now);

  /// How many transfers at once serve a reader that takes `wanted` bytes per second (ReaderPace::kUnknown:
  /// all it gets): at least 2, so that one's end is covered by the next.
  std::uint32_t connections(std::uint64_t wanted) const;

  static constexpr std::uint32_t kMostConnections = 12;

 private:
  /// The most of the last seconds: halves in kHalfLife when nothing comes near it.
  struct Recent {
    double value = 0;
    TimePoint when{};
    void add(double figure, TimePoint now);
    void keep(double figure, TimePoint now);
  };

  Recent one_;         ///< bytes per second of one transfer
  Recent together_;    ///< bytes per second of all
  double latest_ = 0;  ///< bytes per second of all, in the last interval
  TimePoint since_{};
  double bytes_ = 0;
};

}  // namespace balancefs
