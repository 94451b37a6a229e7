// How far a comparison is, as one line: pure functions of its counts and of the time that it took so far.
#pragma once

#include <optional>
#include <string>

#include "balancefs/clock.h"
#include "verify/findings.h"

namespace balancefs {

struct ProgressView {
  bool deep = false;     ///< bytes are read
  bool sampled = false;  ///< of a sample, after the walk
  ProgressView() = default;
};

/// The share that is done, from 0 to 1. While the walk goes on it is a guess: folders that are not looked
/// into yet count as much as the average of those that are, and what is below them is not known.
double share_done(const VerifyCounts& counts, ProgressView view);
/// From the pace so far; absent while too little is done to tell.
std::optional<Duration> time_left(const VerifyCounts& counts, ProgressView view, Duration passed);
/// "12 of 40 folders, 10 folders/s, about 3 s left, 1234 names": what matters most comes first, as a terminal
/// may have no room for all.
std::string progress_text(const VerifyCounts& counts, ProgressView view, Duration passed);
/// "[#####.....]"
std::string progress_bar(double share, int width);
/// "512 B", "1.5 MiB"
std::string readable_bytes(double bytes);

}  // namespace balancefs
