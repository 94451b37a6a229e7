#include "base/log.h"

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/sinks/systemd_sink.h>
#include <spdlog/spdlog.h>

#include "base/text.h"

namespace balancefs {
namespace {

constexpr const char* kPlainPattern = "%Y-%m-%d %H:%M:%S.%e %l %v";
constexpr const char* kBarePattern = "balancefs: %l: %v";

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

std::shared_ptr<spdlog::logger> make_stderr_logger() {
  auto logger =
      std::make_shared<spdlog::logger>("balancefs", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_pattern(kBarePattern);
  return logger;
}

std::shared_ptr<spdlog::logger>& current() {
  static std::shared_ptr<spdlog::logger> logger = make_stderr_logger();
  return logger;
}

std::shared_ptr<spdlog::logger> make_logger(const std::string& target) {
  if (target == "stderr") return make_stderr_logger();
  if (target == "journal") {
    auto sink = std::make_shared<spdlog::sinks::systemd_sink_mt>("balancefs");
    return std::make_shared<spdlog::logger>("balancefs", std::move(sink));
  }
  auto sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(target);
  auto logger = std::make_shared<spdlog::logger>("balancefs", std::move(sink));
  logger->set_pattern(kPlainPattern);
  return logger;
}

}  // namespace

bool start_logging(const LogOptions& options, bool foreground) {
  std::string target = options.target;
  if (target == "auto") target = foreground ? "stderr" : "journal";
  bool opened = true;
  try {
    current() = make_logger(target);
  } catch (const spdlog::spdlog_ex& error) {
    opened = false;
    current()->error("cannot log to {}: {}", target, error.what());
  }
  current()->set_level(to_spdlog(options.level));
  current()->flush_on(spdlog::level::info);
  return opened;
}

void set_log_level(LogLevel level) {
  current()->set_level(to_spdlog(level));
}

void flush_log() {
  current()->flush();
}

bool log_enabled(LogLevel level) {
  return current()->should_log(to_spdlog(level));
}

void log_line(LogLevel level, std::string_view line) {
  current()->log(to_spdlog(level), "{}", escape_controls(line));
}

}  // namespace balancefs
