#include "base/repeated_lines.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/request_id.h"

namespace balancefs {

std::vector<RepeatedLines::Line> RepeatedLines::add(LogOptions::Level level, std::string_view text,
                                                    TimePoint now) {
  std::vector<Line> lines = due(now);
  std::string key = without_request_ids(text);
  const auto same = std::ranges::find(entries_, key, &Entry::key);
  if (same != entries_.end()) {
    same->last = Line(level, std::string(text));
    ++same->again;
    return lines;
  }
  if (entries_.size() == kMost) settle_oldest(lines);
  lines.emplace_back(level, std::string(text));
  entries_.emplace_back(std::move(key), lines.back(), now);
  return lines;
}

std::vector<RepeatedLines::Line> RepeatedLines::due(TimePoint now) {
  std::vector<Line> lines;
  while (!entries_.empty() && now - entries_.front().written >= kWindow) settle_oldest(lines);
  return lines;
}

std::vector<RepeatedLines::Line> RepeatedLines::take_all() {
  std::vector<Line> lines;
  while (!entries_.empty()) settle_oldest(lines);
  return lines;
}

void RepeatedLines::settle_oldest(std::vector<Line>& into) {
  Entry& oldest = entries_.front();
  if (oldest.again == 1) into.push_back(std::move(oldest.last));
  if (oldest.again > 1) {
    into.emplace_back(oldest.last.level,
                      fmt::format("{} (the last of {} like it)", oldest.last.text, oldest.again));
  }
  entries_.pop_front();
}

}  // namespace balancefs
