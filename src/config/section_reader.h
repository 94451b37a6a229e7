// Reads one table of the configuration file by its key table (config_keys.h).
//
// Every mistake becomes a ConfigProblem with line, key, value and what is accepted, and reading goes on with
// the default, so that one start shows all mistakes. Asking for a key that the table does not name is a bug.
#pragma once

#include <toml++/toml.h>

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "balancefs/options.h"
#include "config/config_keys.h"

namespace balancefs {

class SectionReader {
 public:
  /// Reports unknown keys at once.
  SectionReader(const toml::table& table, const SectionSpec& spec, std::vector<ConfigProblem>& problems);

  bool has(std::string_view key) const { return table_.contains(key); }
  /// The key's line, else the table's.
  int line(std::string_view key) const;
  int line() const { return line_; }

  /// Absent: not given, or wrong and reported.
  std::optional<std::string> text(std::string_view key);
  std::optional<std::uint64_t> number(std::string_view key, std::uint64_t smallest, std::uint64_t largest);
  std::optional<Duration> time(std::string_view key, Duration shortest, Duration longest);
  std::optional<std::uint32_t> octal(std::string_view key);
  bool flag(std::string_view key, bool fallback);
  /// One of the strings; gives its index.
  std::optional<std::size_t> choice(std::string_view key, std::span<const std::string_view> names);

  /// Reports "section.key: text" at the key's line.
  void problem(std::string_view key, std::string_view text);
  /// Reports "section.key: 'value' is not ...; accepted: ...".
  void refuse(std::string_view key, std::string_view value);

 private:
  const KeySpec& spec(std::string_view key) const;
  const toml::node* find(std::string_view key) const;
  void wrong_type(std::string_view key, const toml::node& node);
  void report_unknown(std::string_view key, int line);

  const toml::table& table_;
  const SectionSpec& spec_;
  std::vector<ConfigProblem>& problems_;
  int line_;
};

/// "a string", "a number", ... as messages call a node.
std::string_view type_name(const toml::node& node);
int line_of(const toml::node& node);

}  // namespace balancefs
