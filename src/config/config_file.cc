#include "config/config_file.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <toml++/toml.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/text.h"
#include "config/config_sections.h"
#include "config/section_reader.h"
#include "config/user_paths.h"
#include "config/values.h"

namespace balancefs {
namespace {

constexpr std::streamsize kLargestFile =
    4 << 20;  // thousands of storages; a device or a film given by mistake is more

std::unexpected<std::vector<ConfigProblem>> one_problem(int line, std::string text) {
  std::vector<ConfigProblem> problems;
  problems.emplace_back(line, std::move(text));
  return std::unexpected(std::move(problems));
}

std::expected<std::string, std::string> read_file(const std::string& file) {
  struct stat info = {};
  if (::stat(file.c_str(), &info) != 0)
    return std::unexpected(std::string("cannot be read: ") + std::strerror(errno));
  if (S_ISDIR(info.st_mode)) return std::unexpected("is a folder; give the file in it");
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return std::unexpected(std::string("cannot be read: ") + std::strerror(errno));
  std::string text(static_cast<std::size_t>(kLargestFile) + 1, '\0');
  stream.read(text.data(), kLargestFile + 1);
  text.resize(static_cast<std::size_t>(stream.gcount()));
  if (text.size() > static_cast<std::size_t>(kLargestFile)) return std::unexpected("is larger than 4 MiB");
  return text;
}

std::string line_of_text(const std::string& text, int line) {
  std::istringstream lines(text);
  std::string found;
  for (int i = 0; i < line && std::getline(lines, found); ++i) {
  }
  return found;
}

/// The parser's words may quote the text, so they are dropped where a secret may stand.
std::string parse_problem(const toml::parse_error& error, const std::string& text) {
  const std::string line = to_lower(line_of_text(text, static_cast<int>(error.source().begin.line)));
  for (const std::string_view word : {"password", "token", "://"}) {
    if (line.find(word) != std::string::npos)
      return "not valid TOML; write the value in double quotes: key = \"value\"";
  }
  return fmt::format("not valid TOML: {}", escape_controls(error.description()));
}

using SectionFunction = void (*)(const toml::table&, ConfigReading&, Options&);

struct TopLevelTable {
  std::string_view name;
  SectionFunction read;
};

constexpr std::array<TopLevelTable, 6> kTables = {{
    {"mount", [](const toml::table& t, ConfigReading& r, Options& o) { read_mount_section(t, r, o.mount); }},
    {"cache", [](const toml::table& t, ConfigReading& r, Options& o) { read_cache_section(t, r, o.cache); }},
    {"metadata",
     [](const toml::table& t, ConfigReading& r, Options& o) { read_metadata_section(t, r, o.metadata); }},
    {"read", [](const toml::table& t, ConfigReading& r, Options& o) { read_read_section(t, r, o.read); }},
    {"log", [](const toml::table& t, ConfigReading& r, Options& o) { read_log_section(t, r, o.log); }},
    {"control",
     [](const toml::table& t, ConfigReading& r, Options& o) { read_control_section(t, r, o.control); }},
}};

void read_storages(const toml::node& node, ConfigReading& reading, Options& options) {
  const toml::array* list = node.as_array();
  if (list == nullptr) {
    reading.problems.emplace_back(line_of(node),
                                  "storage: write [[storage]] with two brackets, once for each storage");
    return;
  }
  for (const toml::node& entry : *list) {
    if (const toml::table* table = entry.as_table()) {
      read_storage_section(*table, reading, options);
    } else {
      reading.problems.emplace_back(line_of(entry),
                                    fmt::format("storage: is {}; write [[storage]]", type_name(entry)));
    }
  }
}

void read_groups(const toml::node& node, ConfigReading& reading, Options& options) {
  const toml::table* groups = node.as_table();
  if (groups == nullptr) {
    reading.problems.emplace_back(line_of(node),
                                  fmt::format("group: is {}; write [group.\"/pt\"]", type_name(node)));
    return;
  }
  for (const auto& [path, entry] : *groups) {
    if (const toml::table* table = entry.as_table()) {
      read_group_section(std::string(path.str()), *table, reading, options);
    } else {
      reading.problems.emplace_back(line_of(entry), fmt::format("group.{}: is {}; write [group.\"/pt\"]",
                                                                quote(path.str()), type_name(entry)));
    }
  }
}

void report_unknown_table(std::string_view name, int line, ConfigReading& reading) {
  std::vector<std::string_view> known = {"storage", "group"};
  for (const TopLevelTable& table : kTables) known.push_back(table.name);
  const std::string_view near = nearest_spelling(name, known);
  reading.problems.emplace_back(
      line, fmt::format("{}: unknown{}; accepted: [mount], [cache], [metadata], [read], [log], [control], "
                        "[[storage]], [group.\"/pt\"]",
                        quote(name), near.empty() ? "" : fmt::format("; did you mean {}?", near)));
}

void read_entry(std::string_view name, int line, const toml::node& node, ConfigReading& reading,
                Options& options) {
  if (name == "storage") return read_storages(node, reading, options);
  if (name == "group") return read_groups(node, reading, options);
  const auto known = std::ranges::find(kTables, name, &TopLevelTable::name);
  if (known == kTables.end()) return report_unknown_table(name, line, reading);
  if (const toml::table* table = node.as_table()) return known->read(*table, reading, options);
  reading.problems.emplace_back(
      line, fmt::format("{}: is {}; write it as a table: [{}]", name, type_name(node), name));
}

void add_warnings(const ConfigReading& reading, Options& options) {
  struct stat info = {};
  const bool exposed = ::stat(options.file.c_str(), &info) == 0 && (info.st_mode & (S_IRGRP | S_IROTH)) != 0;
  if (exposed && !reading.literal_secrets.empty()) {
    options.warnings.push_back(fmt::format(
        "{}:{}: a password or token is written out in a file that others can read; run chmod 600 on it, "
        "or use password_file, password_env or password_command",
        options.file, reading.literal_secrets.front()));
  }
  for (const StorageOptions& storage : options.storages) {
    if (storage.http.verify_tls) continue;
    options.warnings.push_back(
        fmt::format("{}:{}: storage {}: verify_tls = false lets anybody on the way read and change what is "
                    "transferred, the password included; give the server's certificate as ca_file instead",
                    options.file, storage.line, storage.path));
  }
}

ConfigResult read_tables(const toml::table& root, const std::string& file) {
  ConfigReading reading;
  Options options;
  options.file = file;
  options.cache.dir = usual_cache_folder();
  reading.folder = std::filesystem::path(file).parent_path().string();
  for (const auto& [key, node] : root) {
    read_entry(key.str(), static_cast<int>(key.source().begin.line), node, reading, options);
  }
  if (!root.contains("storage")) {
    reading.problems.emplace_back(
        0, "storage: there is none; write at least one [[storage]] with path, type and url");
  }
  share_limits(options);
  options.read.patience = options.metadata.patience;
  if (reading.problems.empty()) {
    add_warnings(reading, options);
    return options;
  }
  std::ranges::stable_sort(reading.problems, {}, &ConfigProblem::line);
  return std::unexpected(std::move(reading.problems));
}

bool exists(const std::string& file) {
  return ::access(file.c_str(), F_OK) == 0;
}

}  // namespace

ConfigResult load_config(const std::string& file) {
  std::error_code error;
  const std::string absolute = std::filesystem::absolute(file, error).lexically_normal().string();
  const auto text = read_file(absolute);
  if (!text) return one_problem(0, text.error());
  try {
    return read_tables(toml::parse(*text, absolute), absolute);
  } catch (const toml::parse_error& broken) {
    return one_problem(static_cast<int>(broken.source().begin.line), parse_problem(broken, *text));
  }
}

std::expected<std::string, std::string> find_config_file(const std::optional<std::string>& given) {
  if (given) {
    std::error_code error;
    auto path = resolve_user_path(*given, std::filesystem::current_path(error).string());
    if (!path) return std::unexpected(fmt::format("--config {}: {}", quote(*given), path.error()));
    return path;
  }
  const char* xdg = std::getenv("XDG_CONFIG_HOME");
  const std::string base = xdg != nullptr && xdg[0] == '/' ? xdg : home_directory() + "/.config";
  std::string own = base + "/balancefs/mount.conf";
  std::string shared = "/etc/balancefs/mount.conf";
  if (exists(own)) return own;
  if (exists(shared)) return shared;
  return std::unexpected(
      fmt::format("no configuration: neither {} nor {} exists; write one of them (mount.conf.example "
                  "shows every key) or give --config FILE",
                  own, shared));
}

}  // namespace balancefs
