#include "verify/progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace balancefs {
namespace {

double seconds(Duration time) {
  return std::chrono::duration<double>(time).count();
}

std::string readable_time(Duration time) {
  const auto all = std::chrono::ceil<std::chrono::seconds>(time).count();
  if (all < 60) return fmt::format("{} s", all);
  if (all < 3600) return fmt::format("{} min {} s", all / 60, all % 60);
  return fmt::format("{} h {} min", all / 3600, all % 3600 / 60);
}

/// Whether bytes tell more than folders.
bool counts_bytes(const VerifyCounts& counts, ProgressView view) {
  return view.deep && (!view.sampled || counts.reading);
}

double bytes_expected(const VerifyCounts& counts) {
  const auto found = static_cast<double>(counts.bytes_found);
  if (counts.reading || counts.folders == 0) return found;
  return found + found / static_cast<double>(counts.folders) * static_cast<double>(counts.folders_queued);
}

}  // namespace

double share_done(const VerifyCounts& counts, ProgressView view) {
  const bool bytes = counts_bytes(counts, view) && counts.bytes_found > 0;
  const auto done = static_cast<double>(bytes ? counts.bytes_compared : counts.folders);
  const double all =
      bytes ? bytes_expected(counts) : static_cast<double>(counts.folders + counts.folders_queued);
  return all > 0 ? std::clamp(done / all, 0.0, 1.0) : 0;
}

std::optional<Duration> time_left(const VerifyCounts& counts, ProgressView view, Duration passed) {
  const double share = share_done(counts, view);
  if (share < 0.01 || passed < std::chrono::seconds(1)) return std::nullopt;
  const std::chrono::duration<double> left(seconds(passed) * (1 - share) / share);
  return std::chrono::duration_cast<Duration>(left);
}

std::string progress_text(const VerifyCounts& counts, ProgressView view, Duration passed) {
  const double time = std::max(seconds(passed), 0.001);
  const bool bytes = counts_bytes(counts, view);
  const std::string folders =
      fmt::format("{} of {} folders", counts.folders, counts.folders + counts.folders_queued);
  const auto compared = static_cast<double>(counts.bytes_compared);
  std::string text =
      bytes ? fmt::format("{} compared, {}/s", readable_bytes(compared), readable_bytes(compared / time))
            : fmt::format("{}, {:.0f} folders/s", folders, static_cast<double>(counts.folders) / time);
  if (const auto left = time_left(counts, view, passed))
    text += fmt::format(", about {} left", readable_time(*left));
  if (bytes) text += ", " + folders;
  text += fmt::format(", {} names", counts.names);
  if (counts.all_differences() > 0) text += fmt::format(", {} differ", counts.all_differences());
  if (counts.unknown > 0) text += fmt::format(", {} unknown", counts.unknown);
  return text;
}

std::string progress_bar(double share, int width) {
  const int filled = std::clamp(static_cast<int>(share * width), 0, width);
  return "[" + std::string(filled, '#') + std::string(width - filled, '.') + "]";
}

std::string readable_bytes(double bytes) {
  constexpr std::array<std::string_view, 5> kUnits = {"B", "KiB", "MiB", "GiB", "TiB"};
  std::size_t unit = 0;
  for (; bytes >= 1024 && unit + 1 < kUnits.size(); ++unit) bytes /= 1024;
  return fmt::format("{:.{}f} {}", bytes, unit == 0 ? 0 : 1, kUnits[unit]);
}

}  // namespace balancefs
