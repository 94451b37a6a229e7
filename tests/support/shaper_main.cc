// balancefs_shaper: the shaper as a program, for benches.
//
//   balancefs_shaper --listen PORT --to PORT [--rtt 40ms] [--per-connection 25MB] [--total 200MB]
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "support/shaper.h"

namespace {

using balancefs::test::Shaper;
using balancefs::test::ShaperSettings;

struct Unit {
  std::string_view name;
  double factor;
};
constexpr Unit kTimes[] = {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}};
constexpr Unit kSizes[] = {{"", 1},     {"B", 1},      {"kB", 1e3},      {"KB", 1e3},     {"MB", 1e6},
                           {"GB", 1e9}, {"KiB", 1024}, {"MiB", 1 << 20}, {"GiB", 1 << 30}};

template <std::size_t N>
std::optional<std::uint64_t> parse(const std::string& text, const Unit (&units)[N]) {
  char* end = nullptr;
  const double number = std::strtod(text.c_str(), &end);
  if (end == text.c_str() || number < 0) return std::nullopt;
  for (const Unit& unit : units) {
    if (unit.name == end) return static_cast<std::uint64_t>(number * unit.factor);
  }
  return std::nullopt;
}

struct Arguments {
  ShaperSettings settings;
  std::uint64_t listen = 0;
  std::uint64_t to = 0;
};

bool take(Arguments& arguments, std::string_view name, const std::string& value) {
  const auto size = parse(value, kSizes);
  const auto time = parse(value, kTimes);
  if (name == "--rtt" && time) return arguments.settings.round_trip = std::chrono::nanoseconds(*time), true;
  if (!size) return false;
  if (name == "--listen") return arguments.listen = *size, true;
  if (name == "--to") return arguments.to = *size, true;
  if (name == "--per-connection") return arguments.settings.per_connection = *size, true;
  if (name == "--total") return arguments.settings.in_all = *size, true;
  return false;
}

int usage() {
  std::fprintf(stderr,
               "usage: balancefs_shaper --listen PORT --to PORT [--rtt 40ms] [--per-connection 25MB] "
               "[--total 200MB]\n");
  return 2;
}

}  // namespace

int main(int count, char** values) {
  Arguments arguments;
  for (int i = 1; i < count; i += 2) {
    if (i + 1 == count || !take(arguments, values[i], values[i + 1])) return usage();
  }
  if (arguments.to == 0 || arguments.to > 65535 || arguments.listen > 65535) return usage();
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  const Shaper shaper(static_cast<int>(arguments.to), arguments.settings, static_cast<int>(arguments.listen));
  std::printf("listening on 127.0.0.1:%d\n", shaper.port());
  std::fflush(stdout);
  int signal = 0;
  sigwait(&signals, &signal);
  return 0;
}
