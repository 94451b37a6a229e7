// Logging, the only door to spdlog. One line an event; whoever answers a request logs its failure, once.
//
// Before start_logging() lines go to stderr. Any thread.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <vector>

#include "balancefs/options.h"
#include "balancefs/result.h"

namespace balancefs {

using LogLevel = LogOptions::Level;

/// Sets level and target. Throws nothing: when a log file cannot be opened, says so on stderr and returns
/// false, and stderr stays the target. `foreground`: decides what "auto" means (stderr, else the journal).
bool start_logging(const LogOptions& options, bool foreground);
/// Another level from now on. Any thread.
void set_log_level(LogLevel level);
/// The last 200 lines, the oldest first, with their times. Any thread.
std::vector<std::string> recent_log_lines();
/// Writes out what is buffered, and how often failures came again that were counted.
void flush_log();

bool log_enabled(LogLevel level);
/// Writes one line; control characters in it are escaped, so that a hostile name cannot forge lines.
void log_line(LogLevel level, std::string_view line);
/// The same for a failed request, which may come again and again: repeated lines are counted (RepeatedLines).
void log_failure_line(LogLevel level, std::string_view line);

template <class... Args>
void log_error(fmt::format_string<Args...> format, Args&&... args) {
  if (log_enabled(LogLevel::error))
    log_line(LogLevel::error, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void log_warning(fmt::format_string<Args...> format, Args&&... args) {
  if (log_enabled(LogLevel::warning))
    log_line(LogLevel::warning, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void log_info(fmt::format_string<Args...> format, Args&&... args) {
  if (log_enabled(LogLevel::info)) log_line(LogLevel::info, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void log_debug(fmt::format_string<Args...> format, Args&&... args) {
  if (log_enabled(LogLevel::debug))
    log_line(LogLevel::debug, fmt::format(format, std::forward<Args>(args)...));
}

template <class... Args>
void log_failure(LogLevel level, fmt::format_string<Args...> format, Args&&... args) {
  if (log_enabled(level)) log_failure_line(level, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace balancefs
