#include "base/calendar.h"

#include <array>
#include <charconv>

#include "base/text.h"

namespace balancefs {
namespace {

/// Reads numbers and separators from the front of a text; once it failed it stays failed.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  int number(std::size_t min_digits, std::size_t max_digits) {
    std::size_t count = 0;
    while (count < rest_.size() && count < max_digits && rest_[count] >= '0' && rest_[count] <= '9') ++count;
    int value = 0;
    if (count < min_digits) failed_ = true;
    std::from_chars(rest_.data(), rest_.data() + count, value);
    rest_.remove_prefix(count);
    return value;
  }
  void expect(char c) {
    if (!skip(c)) failed_ = true;
  }
  bool skip(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  std::string_view rest() const { return rest_; }
  bool failed() const { return failed_; }

 private:
  std::string_view rest_;
  bool failed_ = false;
};

Duration scan_fraction(Scanner& in) {
  std::int64_t nanoseconds = 0;
  std::int64_t unit = 100'000'000;
  if (!in.skip('.')) return Duration(0);
  while (!in.rest().empty() && in.rest().front() >= '0' && in.rest().front() <= '9') {
    nanoseconds += in.number(1, 1) * unit;
    unit /= 10;
  }
  return Duration(nanoseconds);
}

Duration scan_zone(Scanner& in) {
  const bool east = in.skip('+');
  if (!east && !in.skip('-')) return Duration(0);
  const int hours = in.number(2, 2);
  in.skip(':');
  const int minutes = in.number(2, 2);
  const Duration offset = std::chrono::hours(hours) + std::chrono::minutes(minutes);
  return east ? offset : -offset;
}

}  // namespace

std::optional<unsigned> month_number(std::string_view name) {
  constexpr std::array<std::string_view, 12> kMonths = {"jan", "feb", "mar", "apr", "may", "jun",
                                                        "jul", "aug", "sep", "oct", "nov", "dec"};
  const std::string lower = to_lower(name);
  for (unsigned i = 0; i < kMonths.size(); ++i) {
    if (kMonths[i] == lower) return i + 1;
  }
  return std::nullopt;
}

std::optional<FileTime> make_file_time(int year, unsigned month, unsigned day, unsigned hour, unsigned minute,
                                       unsigned second) {
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month),
                                         std::chrono::day(day)};
  // The years that 64-bit nanoseconds hold, and a leap second.
  if (!date.ok() || year < 1678 || year > 2261 || hour > 23 || minute > 59 || second > 60)
    return std::nullopt;
  return FileTime(std::chrono::sys_days(date)) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
         std::chrono::seconds(second);
}

std::optional<FileTime> parse_rfc3339(std::string_view text) {
  Scanner in(trim(text));
  const int year = in.number(4, 4);
  in.expect('-');
  const int month = in.number(2, 2);
  in.expect('-');
  const int day = in.number(2, 2);
  if (!in.skip('T') && !in.skip('t')) in.expect(' ');
  const int hour = in.number(1, 2);
  in.expect(':');
  const int minute = in.number(2, 2);
  in.expect(':');
  const int second = in.number(2, 2);
  const Duration fraction = scan_fraction(in);
  const Duration zone = scan_zone(in);
  if (in.failed()) return std::nullopt;
  const auto time = make_file_time(year, static_cast<unsigned>(month), static_cast<unsigned>(day),
                                   static_cast<unsigned>(hour), static_cast<unsigned>(minute),
                                   static_cast<unsigned>(second));
  if (!time) return std::nullopt;
  return *time + fraction - zone;
}

}  // namespace balancefs
