#include "config/config_sections.h"

#include <fmt/format.h>

#include <array>

#include "balancefs/object.h"
#include "base/log_level.h"
#include "config/config_keys.h"
#include "config/section_reader.h"
#include "config/user_paths.h"
#include "config/values.h"

namespace balancefs {
namespace {

using Names = std::span<const std::string_view>;

constexpr Duration kLongestFreshness = std::chrono::hours(24) * 365;
constexpr Duration kLongestWait = 1h;  // longer, and a program that waits looks hung for good
// Below this the parts of a few readers (8 MiB each, docs/ARCHITECTURE.md) leave nothing for prefetch.
constexpr std::uint64_t kSmallestBudget = std::uint64_t(16) << 20;
constexpr std::uint64_t kLargestBudget = std::uint64_t(1) << 40;
// Of the kernel: half of its own default, and where more only fills memory.
constexpr std::uint64_t kSmallestReadAhead = std::uint64_t(64) << 10;
constexpr std::uint64_t kLargestReadAhead = std::uint64_t(16) << 20;
// Four segments, the grain in which the disk cache makes room.
constexpr std::uint64_t kSmallestDiskCache = std::uint64_t(64) << 20;
constexpr std::uint64_t kLargestDiskCache = std::uint64_t(1) << 50;
// The default as the documentation writes it: $XDG_CACHE_HOME moves it.
constexpr std::string_view kUsualCache = "~/.cache/balancefs";

void read_path(SectionReader& reader, std::string_view key, const std::string& folder, std::string& target) {
  const auto text = reader.text(key);
  if (!text) return;
  auto path = resolve_user_path(*text, folder);
  if (path) {
    target = std::move(*path);
  } else {
    reader.problem(key, fmt::format("{} {}", quote(*text), path.error()));
  }
}

void read_time(SectionReader& reader, std::string_view key, Duration longest, Duration& target) {
  target = reader.time(key, Duration(0), longest).value_or(target);
}

void read_size(SectionReader& reader, std::string_view key, const std::string& text, std::uint64_t smallest,
               std::uint64_t largest, std::uint64_t& target) {
  const auto size = parse_size(text);
  if (size && *size >= smallest && *size <= largest) {
    target = *size;
  } else {
    reader.refuse(key, text);
  }
}

}  // namespace

void read_mount_section(const toml::table& table, ConfigReading& reading, MountOptions& mount) {
  constexpr std::uint64_t kLargestId = 4294967294;  // one more means "unchanged" to chown
  SectionReader reader(table, kMountSection, reading.problems);
  read_path(reader, "point", reading.folder, mount.point);
  mount.allow_other = reader.flag("allow_other", mount.allow_other);
  mount.read_only = reader.flag("read_only", mount.read_only);
  if (!mount.read_only) reader.refuse("read_only", "false");
  if (const auto uid = reader.number("uid", 0, kLargestId)) mount.uid = static_cast<std::uint32_t>(*uid);
  if (const auto gid = reader.number("gid", 0, kLargestId)) mount.gid = static_cast<std::uint32_t>(*gid);
  mount.umask = reader.octal("umask").value_or(mount.umask);
  mount.file_mode = reader.octal("file_mode").value_or(mount.file_mode);
  mount.dir_mode = reader.octal("dir_mode").value_or(mount.dir_mode);
  if (const auto text = reader.text("read_ahead")) {
    mount.read_ahead = 0;
    if (*text != "kernel")
      read_size(reader, "read_ahead", *text, kSmallestReadAhead, kLargestReadAhead, mount.read_ahead);
  }
}

void read_cache_section(const toml::table& table, ConfigReading& reading, CacheOptions& cache) {
  using Mode = CacheOptions::Mode;
  constexpr std::array<std::string_view, 2> kModes = {"disk", "memory"};
  constexpr std::array<Mode, 2> kValues = {Mode::disk, Mode::memory};
  SectionReader reader(table, kCacheSection, reading.problems);
  if (const auto mode = reader.choice("mode", kModes)) cache.mode = kValues[*mode];
  if (const auto dir = reader.text("dir"); dir && *dir != kUsualCache) {
    read_path(reader, "dir", reading.folder, cache.dir);
  }
  if (const auto text = reader.text("size")) {
    read_size(reader, "size", *text, kSmallestDiskCache, kLargestDiskCache, cache.size);
  }
  const auto text = reader.text("memory");
  if (text && *text != "auto") {
    read_size(reader, "memory", *text, kSmallestBudget, kLargestBudget, cache.memory);
  }
}

void read_metadata_section(const toml::table& table, ConfigReading& reading, MetadataOptions& metadata) {
  SectionReader reader(table, kMetadataSection, reading.problems);
  read_time(reader, "ttl", kLongestFreshness, metadata.ttl);
  read_time(reader, "max_stale", kLongestFreshness, metadata.max_stale);
  read_time(reader, "patience", kLongestWait, metadata.patience);
  read_time(reader, "timeout", kLongestWait, metadata.timeout);
  if (reader.has("stale_if_error") && table["stale_if_error"].value<std::string>() != "unlimited") {
    metadata.stale_if_error = reader.time("stale_if_error", Duration(0), kLongestFreshness);
  }
  if (metadata.max_stale < metadata.ttl) {
    // A ttl alone that is longer than the default asks for no more than it says.
    if (reader.has("max_stale")) {
      reader.problem("max_stale", fmt::format("is shorter than ttl; accepted: {} or longer",
                                              format_duration(metadata.ttl)));
    } else {
      metadata.max_stale = metadata.ttl;
    }
  }
  if (metadata.timeout < metadata.patience) {
    reader.problem(reader.has("timeout") ? "timeout" : "patience",
                   fmt::format("timeout is shorter than patience; accepted: a timeout of {} or longer",
                               format_duration(metadata.patience)));
  }
}

void read_read_section(const toml::table& table, ConfigReading& reading, ReadOptions& read) {
  SectionReader reader(table, kReadSection, reading.problems);
  read.read_timeout = reader.time("read_timeout", 1s, kLongestWait).value_or(read.read_timeout);
}

void read_log_section(const toml::table& table, ConfigReading& reading, LogOptions& log) {
  SectionReader reader(table, kLogSection, reading.problems);
  const auto level = reader.choice("level", kLogLevelNames);
  if (level) log.level = static_cast<LogOptions::Level>(*level);
  const auto target = reader.text("target");
  if (!target) return;
  if (*target == "auto" || *target == "stderr" || *target == "journal") {
    log.target = *target;
  } else if (target->find('/') != std::string::npos) {
    read_path(reader, "target", reading.folder, log.target);
  } else {
    reader.refuse("target", *target);
  }
}

void read_group_section(const std::string& path, const toml::table& table, ConfigReading& reading,
                        Options& options) {
  using Rule = GroupOptions::IdentityRule;
  using Policy = GroupOptions::Policy;
  constexpr std::array<std::string_view, 4> kPolicies = {"round-robin", "least-in-flight", "fastest",
                                                         "first"};
  constexpr std::array<Policy, 4> kPolicyValues = {Policy::round_robin, Policy::least_in_flight,
                                                   Policy::fastest, Policy::first};
  constexpr std::array<std::string_view, 3> kRules = {"size", "size+mtime", "checksum"};
  constexpr std::array<Rule, 3> kValues = {Rule::size, Rule::size_mtime, Rule::checksum};
  constexpr std::array<std::string_view, 2> kNameForms = {"as-sent", "nfc"};
  constexpr std::array<GroupOptions::Names, 2> kNames = {GroupOptions::Names::as_sent,
                                                         GroupOptions::Names::nfc};
  SectionReader reader(table, kGroupSection, reading.problems);
  GroupOptions group;
  group.line = reader.line();
  if (const auto policy = reader.choice("policy", kPolicies)) group.policy = kPolicyValues[*policy];
  if (const auto rule = reader.choice("identity", kRules)) group.identity = kValues[*rule];
  if (const auto names = reader.choice("names", kNameForms)) group.names = kNames[*names];
  group.stripe = reader.flag("stripe", group.stripe);
  group.hedge = reader.flag("hedge", group.hedge);
  const Result<Path> parsed = Path::parse(path);
  if (!path.starts_with('/') || !parsed) {
    reading.problems.emplace_back(
        group.line, fmt::format("group.{}: is no visible path; write it as in [group.\"/pt\"]", quote(path)));
    return;
  }
  group.path = "/" + parsed->str();
  if (!options.groups.emplace(group.path, group).second) {
    reading.problems.emplace_back(group.line,
                                  fmt::format("group.{}: has a table already", quote(group.path)));
  }
}

}  // namespace balancefs
