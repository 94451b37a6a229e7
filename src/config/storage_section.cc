// One [[storage]]: where it is, where it appears, how it is spoken to, and who we are there.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "balancefs/object.h"
#include "config/config_sections.h"
#include "config/secret_keys.h"
#include "config/section_reader.h"
#include "config/url_check.h"
#include "config/user_paths.h"
#include "config/values.h"

namespace balancefs {
namespace {

constexpr std::size_t kLongestName = 255;  // NAME_MAX

/// Keys that only a storage with a URL has.
constexpr std::array<std::string_view, 20> kHttpKeys = {"url",
                                                        "user",
                                                        "password",
                                                        "password_file",
                                                        "password_env",
                                                        "password_command",
                                                        "token",
                                                        "token_file",
                                                        "token_env",
                                                        "token_command",
                                                        "auth",
                                                        "ca_file",
                                                        "client_certificate",
                                                        "client_key",
                                                        "verify_tls",
                                                        "proxy",
                                                        "user_agent",
                                                        "connect_timeout",
                                                        "http2",
                                                        "etags"};

bool has_control(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

void require(SectionReader& reader, std::string_view key) {
  if (reader.has(key)) return;
  reader.problem(key, fmt::format("is missing; accepted: {}", kStorageSection.find(key)->accepts));
}

void read_mount_path(SectionReader& reader, StorageOptions& storage) {
  require(reader, "path");
  const auto text = reader.text("path");
  if (!text) return;
  const Result<Path> path = Path::parse(*text);
  if (!text->starts_with('/') || has_control(*text)) return reader.refuse("path", *text);
  if (!path) {
    return reader.problem("path",
                          fmt::format("{} has '.' or '..' in it; write the path they lead to", quote(*text)));
  }
  for (Path part = *path; !part.is_root(); part = part.parent()) {
    if (part.name().size() <= kLongestName) continue;
    return reader.problem("path", fmt::format("{} has a name longer than 255 bytes", quote(*text)));
  }
  storage.path = "/" + path->str();
}

void refuse_duplicate(SectionReader& reader, const StorageOptions& storage, const Options& options) {
  if (storage.path.empty()) return;
  const auto other = std::ranges::find(options.storages, storage.path, &StorageOptions::path);
  if (other == options.storages.end()) return;
  const std::string stem = storage.path == "/" ? "/" : storage.path;
  reader.problem("path", fmt::format("{} is the path of the storage at line {} already; write {}.balance1, "
                                     "{}.balance2, ... for further members of one group",
                                     quote(storage.path), other->line, stem, stem));
}

void read_url(SectionReader& reader, StorageOptions& storage) {
  require(reader, "url");
  const auto text = reader.text("url");
  if (!text) return;
  auto url = check_url(*text);
  if (!url) return reader.problem("url", url.error());
  storage.url = std::move(*url);
}

void read_root(SectionReader& reader, const ConfigReading& reading, StorageOptions& storage) {
  require(reader, "root");
  const auto text = reader.text("root");
  if (!text) return;
  auto path = resolve_user_path(*text, reading.folder);
  if (!path) return reader.problem("root", fmt::format("{} {}", quote(*text), path.error()));
  storage.root = std::move(*path);
}

/// A file that must be there and readable at the start.
std::string read_needed_file(SectionReader& reader, std::string_view key, const std::string& folder) {
  const auto text = reader.text(key);
  if (!text) return {};
  auto path = resolve_user_path(*text, folder);
  if (!path) {
    reader.problem(key, fmt::format("{} {}", quote(*text), path.error()));
    return {};
  }
  if (::access(path->c_str(), R_OK) == 0) return std::move(*path);
  reader.problem(key, fmt::format("{} cannot be read: {}", quote(*path), std::strerror(errno)));
  return {};
}

std::optional<HttpOptions::Auth> read_auth(SectionReader& reader) {
  using Auth = HttpOptions::Auth;
  constexpr std::array<std::string_view, 5> kNames = {"auto", "basic", "digest", "bearer", "none"};
  constexpr std::array<Auth, 5> kValues = {Auth::automatic, Auth::basic, Auth::digest, Auth::bearer,
                                           Auth::none};
  const auto choice = reader.choice("auth", kNames);
  return choice ? std::optional(kValues[*choice]) : std::nullopt;
}

/// Whether the chosen `auth` has what it needs.
void check_auth(SectionReader& reader, HttpOptions::Auth auth, bool has_user, bool has_token) {
  using Auth = HttpOptions::Auth;
  switch (auth) {
    case Auth::automatic:
      if (has_user && has_token) reader.problem("token", "user is given as well; accepted: one of the two");
      return;
    case Auth::basic:
    case Auth::digest:
      if (!has_user) reader.problem("auth", "needs user and a password");
      if (has_token) reader.problem("auth", "uses no token; accepted with a token: \"auto\", \"bearer\"");
      return;
    case Auth::bearer:
      if (!has_token)
        reader.problem("auth", "\"bearer\" needs token, token_file, token_env or token_command");
      if (has_user) reader.problem("auth", "\"bearer\" uses no user; remove user and password");
      return;
    case Auth::none:
      if (has_user || has_token) reader.problem("auth", "\"none\" uses no user and no token; remove them");
      return;
  }
}

void read_credentials(SectionReader& reader, ConfigReading& reading, HttpOptions& http) {
  SecretKeys password(reader, reading, "password");
  SecretKeys token(reader, reading, "token");
  http.user = reader.text("user").value_or("");
  if (http.user.find(':') != std::string::npos || has_control(http.user)) {
    reader.problem("user", "has a ':' or a control character in it, which no server can be told");
  }
  const bool has_user = reader.has("user");
  if (has_user && !password.given() && !token.given()) {
    reader.problem("user",
                   "has no password; add password_file, password_env, password_command or password "
                   "(which may be \"\")");
  }
  if (password.given() && !has_user) reader.problem("user", "is missing, but a password is given");
  http.password = password.read();
  http.token = token.read();
  http.auth = read_auth(reader).value_or(http.auth);
  check_auth(reader, http.auth, has_user, token.given());
}

void read_tls(SectionReader& reader, const ConfigReading& reading, HttpOptions& http) {
  http.ca_file = read_needed_file(reader, "ca_file", reading.folder);
  http.client_certificate = read_needed_file(reader, "client_certificate", reading.folder);
  http.client_key = read_needed_file(reader, "client_key", reading.folder);
  http.verify_tls = reader.flag("verify_tls", http.verify_tls);
  if (reader.has("client_key") && !reader.has("client_certificate")) {
    reader.problem("client_key", "needs client_certificate as well");
  }
}

void read_http(SectionReader& reader, HttpOptions& http) {
  if (const auto proxy = reader.text("proxy"); proxy && !proxy->empty()) {
    auto checked = check_proxy(*proxy);
    if (checked) {
      http.proxy = std::move(*checked);
    } else {
      reader.problem("proxy", checked.error());
    }
  }
  http.user_agent = reader.text("user_agent").value_or(http.user_agent);
  if (has_control(http.user_agent)) reader.refuse("user_agent", http.user_agent);
  http.connect_timeout = reader.time("connect_timeout", 1s, 5min).value_or(http.connect_timeout);
  http.http2 = reader.flag("http2", http.http2);
}

void read_by_type(SectionReader& reader, ConfigReading& reading, StorageOptions& storage) {
  constexpr std::array<std::string_view, 3> kTypes = {"webdav", "http", "local"};
  constexpr std::array<std::string_view, 3> kLater = {"s3", "sftp", "ftp"};
  require(reader, "type");
  if (const auto type = reader.text("type"); type && std::ranges::find(kLater, *type) != kLater.end()) {
    return reader.problem("type", fmt::format("{} is not in this version; accepted: {}", quote(*type),
                                              kStorageSection.find("type")->accepts));
  }
  const auto type = reader.choice("type", kTypes);
  if (!type) return;
  storage.type = kTypes[*type];
  if (storage.type == "local") {
    read_root(reader, reading, storage);
    for (const std::string_view key : kHttpKeys) {
      if (reader.has(key)) reader.problem(key, "means nothing for type \"local\"; remove it");
    }
    return;
  }
  if (reader.has("root")) reader.problem("root", "is for type \"local\" only; put the folder into url");
  read_url(reader, storage);
  read_credentials(reader, reading, storage.http);
  read_tls(reader, reading, storage.http);
  read_http(reader, storage.http);
  storage.etags = reader.flag("etags", storage.etags);
}

}  // namespace

void read_storage_section(const toml::table& table, ConfigReading& reading, Options& options) {
  SectionReader reader(table, kStorageSection, reading.problems);
  StorageOptions storage;
  storage.line = reader.line();
  read_mount_path(reader, storage);
  refuse_duplicate(reader, storage, options);
  read_by_type(reader, reading, storage);
  storage.enabled = reader.flag("enabled", storage.enabled);
  storage.weight = static_cast<std::uint32_t>(reader.number("weight", 1, 1000).value_or(storage.weight));
  storage.tier = static_cast<std::uint32_t>(reader.number("tier", 0, 100).value_or(storage.tier));
  read_limits(reader, storage, options);
  options.storages.push_back(std::move(storage));
}

}  // namespace balancefs
