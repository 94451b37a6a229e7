#include "storage/http_index/index_entry.h"

#include <charconv>
#include <cmath>
#include <vector>

#include "base/calendar.h"
#include "base/text.h"
#include "http/response_fields.h"

namespace balancefs {
namespace {

constexpr std::size_t kMaxTokens = 24;  // a description may follow the columns

std::vector<std::string_view> split(std::string_view text, std::string_view separators, std::size_t limit) {
  std::vector<std::string_view> out;
  while (out.size() < limit) {
    const std::size_t begin = text.find_first_not_of(separators);
    if (begin == std::string_view::npos) break;
    text.remove_prefix(begin);
    const std::size_t end = std::min(text.find_first_of(separators), text.size());
    out.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return out;
}

struct Date {
  int year = 0;
  unsigned month = 0, day = 0;
  bool day_first = false;  ///< nginx
};

// "03-Feb-2024", "2024-02-03", "2024-Feb-03".
std::optional<Date> parse_date(std::string_view text) {
  const auto parts = split(text, "-", 4);
  if (parts.size() != 3) return std::nullopt;
  Date date;
  date.day_first = parts[0].size() == 2 && parts[2].size() == 4;
  if (!date.day_first && parts[0].size() != 4) return std::nullopt;
  const auto year = parse_number(parts[date.day_first ? 2 : 0]);
  const auto day = parse_number(parts[date.day_first ? 0 : 2]);
  const auto digits = parse_number(parts[1]);
  const auto name = month_number(parts[1]);
  if (!year || !day || (!digits && !name) || *day > 31) return std::nullopt;
  date.year = static_cast<int>(*year);
  date.day = static_cast<unsigned>(*day);
  date.month = name ? *name : static_cast<unsigned>(std::min<std::uint64_t>(*digits, 99));
  return date;
}

struct TimeOfDay {
  unsigned hour = 0, minute = 0, second = 0;
  bool seconds = false;
};

// "04:05", "04:05:06", "04:05:06.789".
std::optional<TimeOfDay> parse_time_of_day(std::string_view text) {
  const auto parts = split(text.substr(0, text.find('.')), ":", 4);
  if (parts.size() < 2 || parts.size() > 3) return std::nullopt;
  TimeOfDay out;
  unsigned* const fields[] = {&out.hour, &out.minute, &out.second};
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto value = parse_number(parts[i]);
    if (!value || *value > 60) return std::nullopt;
    *fields[i] = static_cast<unsigned>(*value);
  }
  out.seconds = parts.size() == 3;
  return out;
}

bool is_zone_utc(std::string_view text) {
  return text == "+0000" || text == "UTC" || text == "GMT" || text == "Z";
}

std::optional<double> unit_factor(std::string_view unit) {
  const std::string lower = to_lower(unit);
  if (lower.empty() || lower == "b" || lower == "bytes") return 1.0;
  constexpr std::string_view kPrefixes = "kmgtp";
  const std::size_t power = kPrefixes.find(lower.front());
  const std::string_view rest = std::string_view(lower).substr(1);
  if (power == std::string_view::npos || (!rest.empty() && rest != "b" && rest != "ib")) return std::nullopt;
  return std::pow(1024.0, static_cast<double>(power + 1));
}

bool set_rounded(double size, IndexEntry& entry) {
  const bool sensible = size < 9e18;  // what off_t holds
  entry.size = sensible ? static_cast<std::uint64_t>(size) : 0;
  entry.size_kind = sensible ? SizeKind::rounded : SizeKind::unknown;
  return sensible;
}

// "1300000", "1.2M", "0.1K", "1.2 MB" (`next` is the following token).
bool read_size(std::string_view text, std::string_view next, IndexEntry& entry) {
  if (const auto exact = parse_number(text); exact && *exact <= static_cast<std::uint64_t>(INT64_MAX)) {
    const auto factor = next.empty() ? std::optional<double>(1.0) : unit_factor(next);
    entry.size = *exact;
    entry.size_kind = SizeKind::exact;
    if (!factor || *factor == 1.0) return true;
    return set_rounded(static_cast<double>(*exact) * *factor, entry);
  }
  double value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  if (read.ec != std::errc() || !std::isfinite(value) || value < 0) return false;
  std::string_view unit = text.substr(static_cast<std::size_t>(read.ptr - text.data()));
  if (unit.empty()) unit = next;
  const auto factor = unit_factor(unit);
  if (!factor) return false;
  return set_rounded(value * *factor, entry);
}

}  // namespace

void read_columns(std::string_view text, IndexEntry& entry) {
  const auto tokens = split(text, " \t\r\n", kMaxTokens);
  bool known_zone = false;
  bool have_size = false;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const auto date = parse_date(tokens[i]);
    const auto at = date && i + 1 < tokens.size() ? parse_time_of_day(tokens[i + 1]) : std::nullopt;
    if (at) {
      const bool utc = i + 2 < tokens.size() && is_zone_utc(tokens[i + 2]);
      known_zone = utc || (date->day_first && !at->seconds);
      entry.minutes_only = !at->seconds;
      if (known_zone) {
        entry.modified = make_file_time(date->year, date->month, date->day, at->hour, at->minute, at->second);
      }
      i += utc ? 2 : 1;
    } else if (!have_size && !entry.directory) {
      have_size = read_size(tokens[i], i + 1 < tokens.size() ? tokens[i + 1] : std::string_view(), entry);
    }
  }
  if (!known_zone && entry.size_kind == SizeKind::exact) entry.size_kind = SizeKind::rounded;
}

}  // namespace balancefs
