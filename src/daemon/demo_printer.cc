#include "daemon/demo_printer.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace balancefs {
namespace {

constexpr int kBarWidth = 40;

}  // namespace

DemoPrinter::DemoPrinter()
    : terminal_(::isatty(STDOUT_FILENO) == 1), colour_(terminal_ && std::getenv("NO_COLOR") == nullptr) {}

void DemoPrinter::print(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fputc('\n', stdout);
  std::fflush(stdout);
}

void DemoPrinter::step(std::string_view text) {
  ++steps_;
  print(colour_ ? fmt::format("\n\033[1m{}. {}\033[0m", steps_, text)
                : fmt::format("\n{}. {}", steps_, text));
}

void DemoPrinter::good(std::string_view text) {
  print(colour_ ? fmt::format("   \033[32mok\033[0m  {}", text) : fmt::format("   ok  {}", text));
}

void DemoPrinter::bad(std::string_view text) {
  print(colour_ ? fmt::format("   \033[31mfailed\033[0m  {}", text) : fmt::format("   failed  {}", text));
}

void DemoPrinter::progress(std::uint64_t done, std::uint64_t total) {
  if (!terminal_ || total == 0) return;
  const int filled = static_cast<int>(done * kBarWidth / total);
  const std::string bar = std::string(filled, '#') + std::string(kBarWidth - filled, '.');
  fmt::print("\r   [{}] {} of {} ", bar, megabytes(done), megabytes(total));
  std::fflush(stdout);
}

void DemoPrinter::end_progress() {
  if (terminal_) fmt::print("\r\033[K");
}

std::string megabytes(std::uint64_t bytes) {
  constexpr double kMiB = 1 << 20;
  return fmt::format("{:.1f} MiB", static_cast<double>(bytes) / kMiB);
}

}  // namespace balancefs
