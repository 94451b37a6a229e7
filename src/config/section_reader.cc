#include "config/section_reader.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "balancefs/result.h"
#include "config/values.h"

namespace balancefs {

std::string_view type_name(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::none:
      return "nothing";
    case toml::node_type::table:
      return "a table";
    case toml::node_type::array:
      return "a list";
    case toml::node_type::string:
      return "a string";
    case toml::node_type::integer:
      return "a whole number";
    case toml::node_type::floating_point:
      return "a fraction";
    case toml::node_type::boolean:
      return "true or false";
    case toml::node_type::date:
      return "a date";
    case toml::node_type::time:
      return "a time of day";
    case toml::node_type::date_time:
      return "a date and time";
  }
  check_failed(__FILE__, __LINE__, "toml::node_type is in range");
}

int line_of(const toml::node& node) {
  return static_cast<int>(node.source().begin.line);
}

SectionReader::SectionReader(const toml::table& table, const SectionSpec& spec,
                             std::vector<ConfigProblem>& problems)
    : table_(table), spec_(spec), problems_(problems), line_(line_of(table)) {
  for (const auto& [key, node] : table) {
    if (spec.find(key.str()) == nullptr) report_unknown(key.str(), static_cast<int>(key.source().begin.line));
  }
}

void SectionReader::report_unknown(std::string_view key, int at) {
  std::vector<std::string_view> names;
  for (const KeySpec& known : spec_.keys) names.push_back(known.name);
  const std::string_view near = nearest_spelling(key, names);
  const std::string hint = near.empty() ? "" : fmt::format("; did you mean {}?", near);
  problems_.emplace_back(at, fmt::format("{}.{}: unknown key{}; accepted in {}: {}", spec_.name, quote(key),
                                         hint, spec_.header, fmt::join(names, ", ")));
}

const KeySpec& SectionReader::spec(std::string_view key) const {
  const KeySpec* known = spec_.find(key);
  BALANCEFS_CHECK(known != nullptr);
  return *known;
}

const toml::node* SectionReader::find(std::string_view key) const {
  static_cast<void>(spec(key));
  return table_.get(key);
}

int SectionReader::line(std::string_view key) const {
  const toml::node* node = table_.get(key);
  return node == nullptr ? line_ : line_of(*node);
}

void SectionReader::problem(std::string_view key, std::string_view text) {
  problems_.emplace_back(line(key), fmt::format("{}.{}: {}", spec_.name, key, text));
}

void SectionReader::refuse(std::string_view key, std::string_view value) {
  const KeySpec& known = spec(key);
  if (known.secret) return problem(key, fmt::format("is not usable; accepted: {}", known.accepts));
  problem(key, fmt::format("{} is not possible; accepted: {}", quote(value), known.accepts));
}

void SectionReader::wrong_type(std::string_view key, const toml::node& node) {
  const KeySpec& known = spec(key);
  std::string shown;
  if (!known.secret && node.is_integer()) shown = fmt::format(" ({})", node.as_integer()->get());
  if (!known.secret && node.is_string()) shown = fmt::format(" ({})", quote(node.as_string()->get()));
  problem(key, fmt::format("is {}{}; accepted: {}", type_name(node), shown, known.accepts));
}

std::optional<std::string> SectionReader::text(std::string_view key) {
  const toml::node* node = find(key);
  if (node == nullptr) return std::nullopt;
  if (const auto* value = node->as_string()) return value->get();
  wrong_type(key, *node);
  return std::nullopt;
}

std::optional<std::uint64_t> SectionReader::number(std::string_view key, std::uint64_t smallest,
                                                   std::uint64_t largest) {
  const toml::node* node = find(key);
  if (node == nullptr) return std::nullopt;
  const auto* value = node->as_integer();
  if (value == nullptr) {
    wrong_type(key, *node);
    return std::nullopt;
  }
  const std::int64_t given = value->get();
  if (given >= 0 && static_cast<std::uint64_t>(given) >= smallest &&
      static_cast<std::uint64_t>(given) <= largest) {
    return static_cast<std::uint64_t>(given);
  }
  refuse(key, std::to_string(given));
  return std::nullopt;
}

std::optional<Duration> SectionReader::time(std::string_view key, Duration shortest, Duration longest) {
  const std::optional<std::string> value = text(key);
  if (!value) return std::nullopt;
  const std::optional<Duration> parsed = parse_duration(*value);
  if (!parsed) {
    refuse(key, *value);
  } else if (*parsed < shortest || *parsed > longest) {
    problem(key, fmt::format("{} is out of range; accepted: {} to {}", quote(*value),
                             format_duration(shortest), format_duration(longest)));
  } else {
    return parsed;
  }
  return std::nullopt;
}

std::optional<std::uint32_t> SectionReader::octal(std::string_view key) {
  const toml::node* node = find(key);
  if (node == nullptr) return std::nullopt;
  std::optional<std::uint32_t> value;
  if (const auto* digits = node->as_string()) value = parse_octal(digits->get());
  // 0o022 is plain enough; 22 would be twenty-two, which nobody means.
  const auto* whole = node->as_integer();
  const bool octal =
      whole != nullptr && (whole->flags() & toml::value_flags::format_as_octal) != toml::value_flags::none;
  if (octal && whole->get() >= 0)
    value = static_cast<std::uint32_t>(std::min<std::int64_t>(whole->get(), 010000));
  if (value && *value <= 0777) return value;
  if (const auto* digits = node->as_string()) {
    refuse(key, digits->get());
  } else {
    wrong_type(key, *node);
  }
  return std::nullopt;
}

bool SectionReader::flag(std::string_view key, bool fallback) {
  const toml::node* node = find(key);
  if (node == nullptr) return fallback;
  if (const auto* value = node->as_boolean()) return value->get();
  wrong_type(key, *node);
  return fallback;
}

std::optional<std::size_t> SectionReader::choice(std::string_view key,
                                                 std::span<const std::string_view> names) {
  const std::optional<std::string> value = text(key);
  if (!value) return std::nullopt;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == *value) return i;
  }
  const std::string_view near = nearest_spelling(*value, names);
  if (near.empty()) {
    refuse(key, *value);
  } else {
    problem(key, fmt::format("{} is not possible; did you mean \"{}\"? accepted: {}", quote(*value), near,
                             spec(key).accepts));
  }
  return std::nullopt;
}

}  // namespace balancefs
