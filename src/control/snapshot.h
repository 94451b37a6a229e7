// What status, metrics and reports show of a mount: plain values, taken at one moment.
//
// daemon/app_snapshot.cc fills it from the daemon's objects; status_json turns it into the documented JSON
// and back. Times are seconds since 1970 (UTC), durations seconds, sizes bytes. Holds no secret: endpoints
// are without userinfo.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace balancefs {

/// The last request of a member that failed.
struct FailureSnapshot {
  double time = 0;
  std::string id;         ///< "1a2b"; in the log "[#1a2b]"
  std::string operation;  ///< "list", "stat", "read", "probe"
  std::string path;       ///< as users see it
  std::string kind;       ///< "timed_out"
  std::string cause;

  FailureSnapshot() = default;
};

struct MemberSnapshot {
  std::string name;      ///< its mount path, "/pt.balance1"
  std::string type;      ///< "webdav"
  std::string endpoint;  ///< its URL, or its folder
  std::string state;     ///< "closed" (in use), "open" (out of rotation), "half-open" (being probed)
  std::string reason;    ///< why it is not closed
  double since = 0;      ///< of that state
  std::optional<double> next_probe;
  std::optional<double> throttled_until;
  bool drained = false;
  bool no_range = false;  ///< it ignored a range lately
  bool emptied = false;   ///< its root had names and lists none now: not believed before a refresh
  bool lagging = false;   ///< it was late with a listing: its last good ones are shown
  double weight = 1;      ///< effective
  std::uint32_t tier = 0;
  std::uint64_t opens = 0;      ///< handles that chose it
  std::uint64_t handles = 0;    ///< open files that it served last
  std::uint64_t running = 0;    ///< data requests under way
  std::uint64_t waiting = 0;    ///< requests that wait for its limits
  std::uint64_t bytes = 0;      ///< of data, since the start
  double rate = 0;              ///< bytes per second, of the last five seconds
  std::uint64_t extra = 0;      ///< requests sent to it because another member was late
  std::uint64_t ejections = 0;  ///< times that its failures took it out of rotation
  std::optional<double> first_byte_p50;
  std::optional<double> first_byte_p95;
  std::map<std::string, std::uint64_t> errors;  ///< failed requests by kind
  std::optional<FailureSnapshot> last_failure;

  MemberSnapshot() = default;
};

struct GroupSnapshot {
  std::string path;  ///< where it is in the mount
  std::string policy;
  bool stripe = false;
  bool hedge = false;
  std::vector<MemberSnapshot> members;
  std::uint64_t divergent = 0;               ///< paths whose copies differ
  std::vector<std::string> divergent_paths;  ///< the first of them

  GroupSnapshot() = default;
};

struct HandleSnapshot {
  std::string path;    ///< in the mount
  std::string member;  ///< who served it last; empty: nobody yet, or the cache
  std::uint64_t size = 0;
  std::uint64_t position = 0;  ///< behind the last read

  HandleSnapshot() = default;
};

/// Reading: the memory budget and what was done with it.
struct MemorySnapshot {
  std::uint64_t budget = 0;
  std::uint64_t used = 0;
  std::uint64_t in_flight = 0;
  std::uint64_t parts = 0;
  std::uint64_t queued = 0;  ///< reads that wait for memory
  std::uint64_t reads = 0;
  std::uint64_t reads_held = 0;
  std::uint64_t bytes_read = 0;
  std::uint64_t bytes_fetched = 0;

  MemorySnapshot() = default;
};

struct DiskCacheSnapshot {
  std::string state;  ///< "opening", "on", "paused", "off"
  std::string folder;
  std::uint64_t size = 0;
  std::uint64_t used = 0;
  std::uint64_t entries = 0;
  std::uint64_t read = 0;
  std::uint64_t written = 0;
  std::uint64_t skipped = 0;
  std::uint64_t evicted = 0;
  std::uint64_t damaged = 0;

  DiskCacheSnapshot() = default;
};

struct MetadataCacheSnapshot {
  std::string state;  ///< "opening", "on", "paused", "in use", "off"
  std::string folder;
  std::uint64_t directories = 0;
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;
  std::uint64_t written = 0;
  std::uint64_t loaded = 0;

  MetadataCacheSnapshot() = default;
};

struct TransitionSnapshot {
  double time = 0;
  double last = 0;
  std::uint64_t times = 1;
  std::string member;
  std::string from;
  std::string to;
  std::string reason;
  std::string id;  ///< of the request whose failure caused it; empty: no request did

  TransitionSnapshot() = default;
};

struct Snapshot {
  std::string version;
  std::uint64_t pid = 0;
  std::string mountpoint;
  std::string config;  ///< the configuration file
  std::string page;    ///< where metrics and the status page are; empty: nowhere
  double started = 0;
  double now = 0;
  std::vector<GroupSnapshot> groups;
  std::uint64_t opens = 0;  ///< files opened since the start
  std::uint64_t open_files = 0;
  std::uint64_t open_directories = 0;
  std::vector<HandleSnapshot> handles;  ///< of open files, at most kMostHandles
  MemorySnapshot memory;
  std::optional<DiskCacheSnapshot> disk;
  std::optional<MetadataCacheSnapshot> metadata;
  std::uint64_t nodes = 0;       ///< names that the kernel holds
  std::uint64_t slow_turns = 0;  ///< of the loop, longer than 50 ms
  double longest_turn = 0;
  double cpu = 0;                           ///< seconds of processor time, of all threads
  std::uint64_t resident = 0;               ///< bytes of memory that the process holds
  std::vector<TransitionSnapshot> journal;  ///< the oldest first

  static constexpr std::size_t kMostHandles = 500;
  static constexpr std::size_t kMostDivergent = 20;

  Snapshot() = default;
};

}  // namespace balancefs
