// Which lines about failures are written, and which are only counted because the same was just said.
//
// Lines are the same when they differ in request ids alone. The first is written; those of the next ten
// minutes are counted, and the last of them is written with their number. Pure: gets `now`.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "balancefs/clock.h"
#include "balancefs/options.h"

namespace balancefs {

class RepeatedLines {
 public:
  static constexpr Duration kWindow = std::chrono::minutes(10);
  /// Different lines that are remembered; with one more the oldest is settled early.
  static constexpr std::size_t kMost = 128;

  struct Line {
    LogOptions::Level level;
    std::string text;
    Line(LogOptions::Level at, std::string line) : level(at), text(std::move(line)) {}
  };

  /// What is to be written now that this line came.
  std::vector<Line> add(LogOptions::Level level, std::string_view text, TimePoint now);
  /// What is to be written of lines whose ten minutes are over.
  std::vector<Line> due(TimePoint now);
  /// The same of all, at the end.
  std::vector<Line> take_all();

 private:
  struct Entry {
    std::string key;
    Line last;
    TimePoint written;
    std::uint64_t again = 0;
    Entry(std::string without_ids, Line line, TimePoint at)
        : key(std::move(without_ids)), last(std::move(line)), written(at) {}
  };
  void settle_oldest(std::vector<Line>& into);

  std::deque<Entry> entries_;  ///< the oldest first
};

}  // namespace balancefs
