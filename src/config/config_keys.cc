#include "config/config_keys.h"

#include <algorithm>
#include <array>

namespace balancefs {
namespace {

constexpr std::string_view kYesOrNo = "true, false";
constexpr std::string_view kTime = "a time such as \"500ms\", \"60s\", \"10m\", \"1h\"";
constexpr std::string_view kId = "a number from 0 to 4294967294";
constexpr std::string_view kMode = "octal digits such as \"022\" or \"0644\"";
constexpr std::string_view kFile = "the path of a file";
constexpr std::string_view kText = "a string";

constexpr std::array<KeySpec, 9> kMountKeys = {{
    {"point", "the path of an empty folder", ""},
    {"allow_other", kYesOrNo, "false"},
    {"read_only", "true (this version only reads)", "true"},
    {"uid", kId, ""},
    {"gid", kId, ""},
    {"umask", kMode, "\"022\""},
    {"file_mode", kMode, "\"0666\""},
    {"dir_mode", kMode, "\"0777\""},
    {"read_ahead", "\"kernel\", or a size from \"64KiB\" to \"16MiB\"", "\"256KiB\""},
}};

constexpr std::array<KeySpec, 4> kCacheKeys = {{
    {"mode", "\"disk\", \"memory\"", "\"disk\""},
    {"dir", "the path of a folder", "\"~/.cache/balancefs\""},
    {"size", "a size from \"64MiB\" to \"1024TiB\"", "\"10GiB\""},
    {"memory", "\"auto\", or a size from \"16MiB\" to \"1TiB\"", "\"auto\""},
}};

constexpr std::array<KeySpec, 5> kMetadataKeys = {{
    {"ttl", kTime, "\"60s\""},
    {"max_stale", kTime, "\"10m\""},
    {"stale_if_error", "\"unlimited\", or a time such as \"24h\"", "\"unlimited\""},
    {"patience", kTime, "\"5s\""},
    {"timeout", kTime, "\"60s\""},
}};

constexpr std::array<KeySpec, 1> kReadKeys = {{
    {"read_timeout", kTime, "\"60s\""},
}};

constexpr std::array<KeySpec, 2> kLogKeys = {{
    {"level", "\"error\", \"warning\", \"info\", \"debug\", \"trace\"", "\"info\""},
    {"target", "\"auto\", \"stderr\", \"journal\", or the path of a file with a '/' in it", "\"auto\""},
}};

constexpr std::array<KeySpec, 5> kControlKeys = {{
    {"listen", "an address and a port such as \"127.0.0.1:9780\" or \"[::1]:9780\"", ""},
    {"password", kText, "", true},
    {"password_file", kFile, ""},
    {"password_env", "the name of an environment variable", ""},
    {"password_command", "a shell command that prints the password", "", true},
}};

constexpr std::array<KeySpec, 30> kStorageKeys = {{
    {"path", "where its root appears, such as \"/pt\" or \"/pt.balance1\"", ""},
    {"type", "\"webdav\", \"http\", \"local\"", ""},
    {"url", "the URL of a folder: https://host/path or http://host/path", ""},
    {"root", "the path of a folder", ""},
    {"user", kText, ""},
    {"password", kText, "", true},
    {"password_file", kFile, ""},
    {"password_env", "the name of an environment variable", ""},
    {"password_command", "a shell command that prints the password", "", true},
    {"token", kText, "", true},
    {"token_file", kFile, ""},
    {"token_env", "the name of an environment variable", ""},
    {"token_command", "a shell command that prints the token", "", true},
    {"auth", "\"auto\", \"basic\", \"digest\", \"bearer\", \"none\"", "\"auto\""},
    {"ca_file", "the path of a PEM file", ""},
    {"client_certificate", "the path of a PEM file", ""},
    {"client_key", "the path of a PEM file", ""},
    {"verify_tls", kYesOrNo, "true"},
    {"proxy", "\"none\", or http://, https://, socks5:// or socks5h:// with host and port", ""},
    {"user_agent", kText, "\"balancefs/" BALANCEFS_VERSION "\""},
    {"connect_timeout", kTime, "\"10s\""},
    {"http2", kYesOrNo, "true"},
    {"etags", kYesOrNo, "true"},
    {"weight", "a number from 1 to 1000", "1"},
    {"tier", "a number from 0 to 100", "0"},
    {"enabled", kYesOrNo, "true"},
    {"account", "a name of up to 64 bytes, the same for all storages that share limits", ""},
    {"max_connections", "a number from 1 to 1000", ""},
    {"requests_per_second", "a number from 1 to 100000", ""},
    {"bandwidth", "a size per second from \"16KiB\" to \"1TiB\"", ""},
}};

constexpr std::array<KeySpec, 5> kGroupKeys = {{
    {"policy", "\"round-robin\", \"least-in-flight\", \"fastest\", \"first\"", "\"round-robin\""},
    {"identity", "\"size\", \"size+mtime\", \"checksum\"", "\"size\""},
    {"names", "\"as-sent\", \"nfc\"", "\"as-sent\""},
    {"stripe", kYesOrNo, "false"},
    {"hedge", kYesOrNo, "false"},
}};

}  // namespace

const SectionSpec kMountSection = {"mount", "[mount]", kMountKeys};
const SectionSpec kCacheSection = {"cache", "[cache]", kCacheKeys};
const SectionSpec kMetadataSection = {"metadata", "[metadata]", kMetadataKeys};
const SectionSpec kReadSection = {"read", "[read]", kReadKeys};
const SectionSpec kLogSection = {"log", "[log]", kLogKeys};
const SectionSpec kControlSection = {"control", "[control]", kControlKeys};
const SectionSpec kStorageSection = {"storage", "[[storage]]", kStorageKeys};
const SectionSpec kGroupSection = {"group", "[group.\"/pt\"]", kGroupKeys};

const KeySpec* SectionSpec::find(std::string_view key) const {
  const auto found = std::ranges::find(keys, key, &KeySpec::name);
  return found == keys.end() ? nullptr : &*found;
}

std::span<const SectionSpec* const> known_sections() {
  static constexpr std::array<const SectionSpec*, 8> kAll = {
      &kMountSection, &kCacheSection,   &kMetadataSection, &kReadSection,
      &kLogSection,   &kControlSection, &kStorageSection,  &kGroupSection};
  return kAll;
}

}  // namespace balancefs
