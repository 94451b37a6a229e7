// balancefs_shaper: the shaper as a program, for benches.
//
//   balancefs_shaper --to PORT [--listen PORT] [--rtt 40ms] [--per-connection 25MB] [--total 200MB]
//   [--control]
//
// With --control it takes one command per line from its input, answers each with one line, and ends when the
// input ends, so that no shaper outlives the bench that started it:
//   fault none|refuse|reset|stall|cut N|unavailable|throttled N|not_found|wrong_range|ignore_range|other_etag
//   set --rtt 40ms [--per-connection 25MB] [--total 200MB]
//   counts [WINDOW]       JSON; "busy": connections over which bytes came in the last WINDOW (100ms)
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <iterator>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "support/shaper.h"

namespace {

using balancefs::test::Shaper;
using balancefs::test::ShaperFault;
using balancefs::test::ShaperSettings;
using Words = std::vector<std::string>;

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

struct FaultName {
  std::string_view name;
  ShaperFault fault;
};
constexpr FaultName kFaults[] = {
    {"none", ShaperFault::none},
    {"refuse", ShaperFault::refuse},
    {"reset", ShaperFault::reset},
    {"stall", ShaperFault::stall},
    {"cut", ShaperFault::cut},
    {"unavailable", ShaperFault::unavailable},
    {"throttled", ShaperFault::throttled},
    {"not_found", ShaperFault::not_found},
    {"wrong_range", ShaperFault::wrong_range},
    {"ignore_range", ShaperFault::ignore_range},
    {"other_etag", ShaperFault::other_etag},
};

struct Arguments {
  ShaperSettings settings;
  std::uint64_t listen = 0;
  std::uint64_t to = 0;
  bool control = false;
};

bool take_setting(ShaperSettings& settings, std::string_view name, const std::string& value) {
  const auto size = parse(value, kSizes);
  const auto time = parse(value, kTimes);
  if (name == "--rtt" && time) return settings.round_trip = std::chrono::nanoseconds(*time), true;
  if (name == "--per-connection" && size) return settings.per_connection = *size, true;
  if (name == "--total" && size) return settings.in_all = *size, true;
  return false;
}

bool take(Arguments& arguments, std::string_view name, const std::string& value) {
  const auto port = parse(value, kSizes);
  if (name == "--listen" && port && *port <= 65535) return arguments.listen = *port, true;
  if (name == "--to" && port && *port <= 65535) return arguments.to = *port, true;
  return take_setting(arguments.settings, name, value);
}

bool take_all(Arguments& arguments, const Words& words) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "--control") {
      arguments.control = true;
    } else if (i + 1 == words.size() || !take(arguments, words[i], words[i + 1])) {
      return false;
    } else {
      ++i;
    }
  }
  return arguments.to != 0;
}

int usage() {
  std::fprintf(stderr,
               "usage: balancefs_shaper --to PORT [--listen PORT] [--rtt 40ms] [--per-connection 25MB] "
               "[--total 200MB] [--control]\n");
  return 2;
}

bool set_fault(Shaper& shaper, const Words& words) {
  const auto argument = words.size() > 2 ? parse(words[2], kSizes) : std::optional<std::uint64_t>(0);
  if (words.size() < 2 || !argument) return false;
  for (const FaultName& known : kFaults) {
    if (known.name != words[1]) continue;
    shaper.set_fault(known.fault, *argument);
    return true;
  }
  return false;
}

bool set_settings(Shaper& shaper, const Words& words) {
  ShaperSettings settings;
  for (std::size_t i = 1; i < words.size(); i += 2) {
    if (i + 1 == words.size() || !take_setting(settings, words[i], words[i + 1])) return false;
  }
  shaper.set_settings(settings);
  return true;
}

std::string counts_as_json(Shaper& shaper, const Words& words) {
  const auto window = words.size() > 1 ? parse(words[1], kTimes) : std::nullopt;
  const auto& counts = shaper.counts();
  std::ostringstream out;
  out << R"({"connections":)" << counts.connections << R"(,"open":)" << counts.open << R"(,"most_open":)"
      << counts.most_open << R"(,"busy":)"
      << shaper.busy(std::chrono::nanoseconds(window.value_or(100'000'000))) << R"(,"requests":)"
      << counts.requests << R"(,"bytes":)" << counts.bytes << "}";
  return out.str();
}

std::string obey(Shaper& shaper, const Words& words) {
  if (words.empty()) return "error: no command";
  if (words[0] == "counts") return counts_as_json(shaper, words);
  const bool done =
      (words[0] == "fault" && set_fault(shaper, words)) || (words[0] == "set" && set_settings(shaper, words));
  return done ? "ok" : "error: " + words[0];
}

void obey_until_end_of_input(Shaper& shaper) {
  std::string line;
  while (std::getline(std::cin, line)) {
    std::istringstream in(line);
    const Words words((std::istream_iterator<std::string>(in)), std::istream_iterator<std::string>());
    std::printf("%s\n", obey(shaper, words).c_str());
    std::fflush(stdout);
  }
}

void wait_for_signal(const sigset_t& signals) {
  int signal = 0;
  sigwait(&signals, &signal);
}

}  // namespace

int main(int count, char** values) {
  Arguments arguments;
  if (!take_all(arguments, Words(values + 1, values + count))) return usage();
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  if (!arguments.control) sigprocmask(SIG_BLOCK, &signals, nullptr);
  Shaper shaper(static_cast<int>(arguments.to), arguments.settings, static_cast<int>(arguments.listen));
  std::printf("listening on 127.0.0.1:%d\n", shaper.port());
  std::fflush(stdout);
  if (arguments.control) {
    obey_until_end_of_input(shaper);
  } else {
    wait_for_signal(signals);
  }
  return 0;
}
