#include "config/values.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <utility>
#include <vector>

#include "base/text.h"

namespace balancefs {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kLargestSize = std::uint64_t(1) << 63;
constexpr Duration kLongestTime =
    std::chrono::hours(24) * 36525;  // 100 years: far from overflow in additions

constexpr std::array<std::pair<std::string_view, std::uint64_t>, 9> kSizeUnits = {{
    {"b", 1},
    {"kib", 1024},
    {"mib", 1024ull * 1024},
    {"gib", 1024ull * 1024 * 1024},
    {"tib", 1024ull * 1024 * 1024 * 1024},
    {"kb", 1000},
    {"mb", 1000ull * 1000},
    {"gb", 1000ull * 1000 * 1000},
    {"tb", 1000ull * 1000 * 1000 * 1000},
}};

constexpr std::array<std::pair<std::string_view, Duration>, 5> kTimeUnits = {{
    {"ms", 1ms},
    {"s", 1s},
    {"m", 1min},
    {"h", 1h},
    {"d", 24h},
}};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// Takes the leading digits off `text`; absent when there are none or the number does not fit.
std::optional<std::uint64_t> take_number(std::string_view& text) {
  std::uint64_t value = 0;
  if (text.empty() || !is_digit(text.front())) return std::nullopt;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(parsed.ptr - text.data()));
  return value;
}

/// Takes what precedes the next digit: a unit, in lower case and without blanks.
std::string take_unit(std::string_view& text) {
  const auto end = std::find_if(text.begin(), text.end(), is_digit);
  const auto length = static_cast<std::size_t>(end - text.begin());
  std::string unit = to_lower(trim(text.substr(0, length)));
  text.remove_prefix(length);
  return unit;
}

template <class Units>
auto find_unit(const Units& units, std::string_view name) -> decltype(std::optional(units.front().second)) {
  for (const auto& [unit, factor] : units) {
    if (unit == name) return factor;
  }
  return std::nullopt;
}

/// Edit distance where two neighbouring letters swapped count once.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> cost(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) cost[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) cost[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = cost[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, change});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
    }
  }
  return cost[a.size()][b.size()];
}

}  // namespace

std::optional<std::uint64_t> parse_size(std::string_view text) {
  const auto number = take_number(text);
  if (!number) return std::nullopt;
  const auto factor = find_unit(kSizeUnits, to_lower(trim(text)));
  if (!factor || *number > kLargestSize / *factor) return std::nullopt;
  return *number * *factor;
}

std::optional<Duration> parse_duration(std::string_view text) {
  Duration sum{0};
  if (text.empty()) return std::nullopt;
  while (!text.empty()) {
    const auto number = take_number(text);
    if (!number) return std::nullopt;
    const auto factor = find_unit(kTimeUnits, take_unit(text));
    if (!factor || *number > static_cast<std::uint64_t>(kLongestTime / *factor)) return std::nullopt;
    sum += *factor * static_cast<std::int64_t>(*number);
    if (sum > kLongestTime) return std::nullopt;
  }
  return sum;
}

std::optional<std::uint32_t> parse_octal(std::string_view text) {
  std::uint32_t value = 0;
  if (text.size() < 3 || text.size() > 4) return std::nullopt;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value, 8);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string format_duration(Duration duration) {
  for (auto unit = kTimeUnits.rbegin(); unit != kTimeUnits.rend(); ++unit) {
    if (duration >= unit->second && duration % unit->second == Duration(0)) {
      return fmt::format("{}{}", duration / unit->second, unit->first);
    }
  }
  return fmt::format("{}ms", duration / 1ms);
}

std::string_view nearest_spelling(std::string_view name, std::span<const std::string_view> candidates) {
  // A third of the letters may be wrong: more, and unrelated short keys look alike.
  std::size_t best = std::max<std::size_t>(1, name.size() / 3) + 1;
  std::string_view found;
  for (const std::string_view candidate : candidates) {
    const std::size_t distance = edit_distance(to_lower(name), candidate);
    if (distance < best) {
      best = distance;
      found = candidate;
    }
  }
  return found;
}

std::string quote(std::string_view value) {
  constexpr std::size_t kShown = 80;
  const bool cut = value.size() > kShown;
  return fmt::format("'{}{}'", escape_controls(value.substr(0, kShown)), cut ? "..." : "");
}

}  // namespace balancefs
