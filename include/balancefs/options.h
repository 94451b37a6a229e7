// Plain options of all modules, filled by src/config from the TOML file; defaults are the documented ones.
// Where a default has a reason beyond taste it is named; docs/CONFIGURATION.md is for users.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "balancefs/clock.h"

namespace balancefs {

using namespace std::chrono_literals;

/// A password or token. Has no stream operator and no formatter, so that it cannot reach a log by accident.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}
  const std::string& reveal() const { return value_; }
  bool empty() const { return value_.empty(); }
  bool operator==(const Secret&) const = default;

 private:
  std::string value_;
};

/// How an HTTP storage is spoken to.
struct HttpOptions {
  enum class Auth : std::uint8_t { automatic, basic, digest, bearer, none };
  Auth auth =
      Auth::automatic;  ///< automatic: none without a user, Bearer with a token, else what the server offers
  std::string user;
  Secret password;
  Secret token;
  std::string ca_file;             ///< PEM; empty: the system's
  std::string client_certificate;  ///< PEM
  std::string client_key;          ///< PEM
  bool verify_tls = true;
  std::string proxy;  ///< http://, https://, socks5://, socks5h://; empty: environment; "none": direct
  std::string user_agent = "balancefs/" BALANCEFS_VERSION;
  Duration connect_timeout = 10s;  ///< DNS, TCP and TLS together
  bool http2 = true;               ///< offered for metadata; data uses HTTP/1.1 always

  HttpOptions() = default;
  bool operator==(const HttpOptions&) const = default;
};

/// What a storage, or an account that several share, may be asked; 0: no limit.
struct LimitOptions {
  std::uint32_t max_connections = 0;      ///< requests at once
  std::uint32_t requests_per_second = 0;  ///< begun; as many may begin at once after a pause
  std::uint64_t bandwidth = 0;            ///< bytes of file data per second

  LimitOptions() = default;
  bool any() const { return max_connections != 0 || requests_per_second != 0 || bandwidth != 0; }
  bool operator==(const LimitOptions&) const = default;
};

struct StorageOptions {
  std::string path;  ///< mount path, normalised: "/pt.balance1"
  std::string type;  ///< "webdav", "http", "local"
  std::string url;   ///< webdav, http: without userinfo, without trailing slash
  std::string root;  ///< local: absolute directory
  HttpOptions http;
  bool etags = true;         ///< false: the server's nodes disagree about ETags; only times are compared
  bool enabled = true;       ///< false: drained from the start
  std::uint32_t weight = 1;  ///< 1..1000, share of new handles
  std::uint32_t tier = 0;    ///< 0..100, a higher one is standby
  std::string account;       ///< shares its limits with the storages of that name; empty: has its own
  LimitOptions limits;       ///< the account's, where it has one
  int line = 0;              ///< of the configuration file, for messages

  StorageOptions() = default;
  bool operator==(const StorageOptions&) const = default;
};

struct GroupOptions {
  enum class IdentityRule : std::uint8_t { size, size_mtime, checksum };
  /// How names are shown: as the storages spell them, or in Unicode's composed form (NFC).
  enum class Names : std::uint8_t { as_sent, nfc };
  /// Which member a newly opened file goes to; src/balance/policy_*.
  enum class Policy : std::uint8_t { round_robin, least_in_flight, fastest, first };
  std::string path;  ///< visible path, "/pt"
  Policy policy = Policy::round_robin;
  IdentityRule identity = IdentityRule::size;
  Names names = Names::as_sent;
  bool stripe = false;  ///< the parts of one handle over all members
  bool hedge = false;   ///< a late part is asked of a second member
  int line = 0;

  GroupOptions() = default;
  bool operator==(const GroupOptions&) const = default;
};

/// docs/SEMANTICS.md "Health"; not in the configuration file.
struct HealthOptions {
  std::uint32_t failures_to_open = 3;  ///< consecutive dead-class failures
  std::uint32_t window_minimum = 10;   ///< or half of at least so many ...
  Duration window = 10s;               ///< ... in this time
  Duration open_base = 5s;             ///< open time = min(base * m, max), jittered by +-10 %
  Duration open_max = 300s;
  Duration auth_open = 300s;             ///< open time after auth failures
  std::uint32_t successes_to_close = 2;  ///< of background probes
  Duration slow_start = 30s;             ///< weight climbs from 10 % to 100 %
  Duration no_range_for = 10min;

  HealthOptions() = default;
};

struct ReadOptions {
  Duration read_timeout = 60s;  ///< a READ without progress
  Duration patience = 5s;       ///< see MetadataOptions
  Duration stall_with_alternative =
      3s;                            ///< less than stall_bytes per second for so long, another could serve
  Duration stall_alone = 15s;        ///< none could
  Duration stall_idle_member = 10s;  ///< first byte of a member idle for a minute (disks spin up)
  std::uint64_t stall_bytes_per_second = 1024;

  ReadOptions() = default;
  bool operator==(const ReadOptions&) const = default;
};

struct MountOptions {
  std::string point;  ///< absolute
  bool allow_other = false;
  bool read_only = true;
  std::optional<std::uint32_t> uid;  ///< default: the mounting user's
  std::optional<std::uint32_t> gid;
  std::uint32_t umask = 022;
  std::uint32_t file_mode = 0666;  ///< before umask
  std::uint32_t dir_mode = 0777;   ///< before umask
  /// The kernel's read-ahead where it may be set (root), bytes; 0: the kernel's own, 128 KiB. Twice that made
  /// one reader 1.2 times as fast; 512 KiB brought a tenth more and let scanners fetch 1.45 times what they
  /// asked.
  std::uint64_t read_ahead = 256 * 1024;
  std::vector<std::string>
      kernel_flags;  ///< "noexec", "noatime", ...: mount(8)'s, for the kernel as they stand

  MountOptions() = default;
  bool operator==(const MountOptions&) const = default;
};

struct CacheOptions {
  enum class Mode : std::uint8_t { disk, memory };
  Mode mode = Mode::disk;
  std::string dir;                                  ///< disk: absolute; each mountpoint has a folder in it
  std::uint64_t size = 10ull * 1024 * 1024 * 1024;  ///< disk: of file data, bytes
  /// Budget for everything buffered, bytes; 0 = auto: min(256 MiB, an eighth of RAM or of the cgroup's
  /// limit).
  std::uint64_t memory = 0;

  CacheOptions() = default;
  bool operator==(const CacheOptions&) const = default;
};

struct MetadataOptions {
  Duration ttl = 60s;
  Duration max_stale = 10min;
  std::optional<Duration> stale_if_error;  ///< absent: unlimited
  Duration patience = 5s;                  ///< longest wait for a fresh answer with a last good one at hand
  Duration timeout = 60s;                  ///< longest wait with none at hand
  Duration request_timeout = 5min;         ///< the request itself; fills the cache for the next caller
  Duration vanish_confirmation = 30s;      ///< between two listings that agree that all known names are gone

  MetadataOptions() = default;
  bool operator==(const MetadataOptions&) const = default;
};

struct LogOptions {
  enum class Level : std::uint8_t { error, warning, info, debug, trace };
  Level level = Level::info;
  std::string target = "auto";  ///< "stderr", "journal", "auto", or a file's absolute path

  LogOptions() = default;
  bool operator==(const LogOptions&) const = default;
};

/// Where metrics and the status page are; nowhere unless asked for.
struct ControlOptions {
  std::string address;     ///< numeric, IPv4 or IPv6 without brackets; empty: nobody listens
  std::uint16_t port = 0;  ///< 0: a free one
  Secret password;         ///< empty: none is asked for, which only an address of this machine allows

  ControlOptions() = default;
  bool operator==(const ControlOptions&) const = default;
};

/// One mistake in the configuration: what is wrong, with the value and what would be accepted.
struct ConfigProblem {
  int line = 0;      ///< of the file; 0 when it is about no line
  std::string text;  ///< "storage.url: 'example.com/dav' has no scheme; write https://... or http://..."
  ConfigProblem(int at, std::string what) : line(at), text(std::move(what)) {}
};

/// The whole configuration, validated: what src/config gives and daemon/app builds from.
struct Options {
  std::string file;  ///< where it was read from
  MountOptions mount;
  CacheOptions cache;
  MetadataOptions metadata;
  ReadOptions read;
  LogOptions log;
  ControlOptions control;
  std::vector<StorageOptions> storages;
  std::map<std::string, GroupOptions> groups;  ///< by visible path; only those with a [group] table
  std::vector<std::string> warnings;           ///< one line each, with the remedy

  Options() = default;
};

}  // namespace balancefs
