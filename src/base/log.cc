#include "base/log.h"

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/ringbuffer_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/sinks/systemd_sink.h>
#include <spdlog/spdlog.h>

#include <mutex>

#include "base/repeated_lines.h"
#include "base/text.h"

namespace balancefs {
namespace {

constexpr const char* kPlainPattern = "%Y-%m-%d %H:%M:%S.%e %l %v";
constexpr const char* kBarePattern = "balancefs: %l: %v";
constexpr std::size_t kRecentLines = 200;

spdlog::level::level_enum to_spdlog(LogLevel level) {
  switch (level) {
    case LogLevel::error:
      return spdlog::level::err;
    case LogLevel::warning:
      return spdlog::level::warn;
    case LogLevel::info:
      return spdlog::level::info;
    case LogLevel::debug:
      return spdlog::level::debug;
    case LogLevel::trace:
      return spdlog::level::trace;
  }
  check_failed(__FILE__, __LINE__, "LogLevel is in range");
}

/// What recent_log_lines() shows, of whatever target.
const std::shared_ptr<spdlog::sinks::ringbuffer_sink_mt>& recent() {
  static const auto sink = [] {
    auto made = std::make_shared<spdlog::sinks::ringbuffer_sink_mt>(kRecentLines);
    made->set_pattern(kPlainPattern);
    return made;
  }();
  return sink;
}

std::shared_ptr<spdlog::logger> make_logger(const spdlog::sink_ptr& target) {
  return std::make_shared<spdlog::logger>("balancefs", spdlog::sinks_init_list{target, recent()});
}

std::shared_ptr<spdlog::logger> make_stderr_logger() {
  auto sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  sink->set_pattern(kBarePattern);
  return make_logger(sink);
}

std::shared_ptr<spdlog::logger>& current() {
  static std::shared_ptr<spdlog::logger> logger = make_stderr_logger();
  return logger;
}

std::shared_ptr<spdlog::logger> make_logger_for(const std::string& target) {
  if (target == "stderr") return make_stderr_logger();
  if (target == "journal") return make_logger(std::make_shared<spdlog::sinks::systemd_sink_mt>("balancefs"));
  auto sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(target);
  sink->set_pattern(kPlainPattern);
  return make_logger(sink);
}

void write(LogLevel level, std::string_view line) {
  current()->log(to_spdlog(level), "{}", escape_controls(line));
}

struct Failures {
  std::mutex mutex;
  RepeatedLines lines;
};

Failures& failures() {
  static Failures all;
  return all;
}

void write(const std::vector<RepeatedLines::Line>& lines) {
  for (const RepeatedLines::Line& line : lines) write(line.level, line.text);
}

}  // namespace

bool start_logging(const LogOptions& options, bool foreground) {
  std::string target = options.target;
  if (target == "auto") target = foreground ? "stderr" : "journal";
  bool opened = true;
  try {
    current() = make_logger_for(target);
  } catch (const spdlog::spdlog_ex& error) {
    opened = false;
    current()->error("cannot log to {}: {}", target, error.what());
  }
  current()->set_level(to_spdlog(options.level));
  current()->flush_on(spdlog::level::trace);  // who follows the file sees each line when it is written
  return opened;
}

void set_log_level(LogLevel level) {
  current()->set_level(to_spdlog(level));
}

std::vector<std::string> recent_log_lines() {
  std::vector<std::string> lines = recent()->last_formatted();
  for (std::string& line : lines) line.resize(trim(line).size());
  return lines;
}

void flush_log() {
  Failures& all = failures();
  const std::lock_guard lock(all.mutex);
  write(all.lines.take_all());
  current()->flush();
}

bool log_enabled(LogLevel level) {
  return current()->should_log(to_spdlog(level));
}

void log_line(LogLevel level, std::string_view line) {
  Failures& all = failures();
  const std::lock_guard lock(all.mutex);
  write(all.lines.due(std::chrono::steady_clock::now()));
  write(level, line);
}

void log_failure_line(LogLevel level, std::string_view line) {
  Failures& all = failures();
  const std::lock_guard lock(all.mutex);
  write(all.lines.add(level, line, std::chrono::steady_clock::now()));
}

}  // namespace balancefs
