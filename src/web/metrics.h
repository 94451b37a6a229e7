// Every metric, once: name, kind, unit, help, and where its value comes from.
//
// docs/METRICS.md and packaging/grafana-dashboard.json are tested against this table. Names follow
// Prometheus: base units (seconds, bytes), counters end in _total. Labels are a group's and a member's mount
// path, which the configuration bounds; no path of a file ever is one. A counter counts since the start of
// the daemon. Names are for ever: what has another meaning gets another name.
#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "control/snapshot.h"

namespace balancefs {

enum class MetricKind : std::uint8_t { counter, gauge };

/// An absent value is no sample.
using MetricValue = std::optional<double>;

/// A row of the table about a T of the snapshot.
template <class T>
struct Metric {
  std::string_view name;
  MetricKind kind;
  std::string_view unit;  ///< "bytes", "seconds"; empty: a count, or 0 and 1
  std::string_view help;
  MetricValue (*value)(const T& from);
};

/// A row whose samples differ in one more label: the errors by kind, the words for a state.
struct LabelledMetric {
  std::string_view name;
  MetricKind kind;
  std::string_view label;
  std::string_view help;
};

namespace metric {

constexpr MetricKind kCounter = MetricKind::counter;
constexpr MetricKind kGauge = MetricKind::gauge;

inline MetricValue number(std::uint64_t count) {
  return static_cast<double>(count);
}
inline MetricValue flag(bool holds) {
  return holds ? 1 : 0;
}

// ---- with further labels ----------------------------------------------------------------------------------
inline constexpr LabelledMetric kBuild = {"balancefs_build_info", kGauge, "version",
                                          "Always 1; the version of the daemon."};
inline constexpr LabelledMetric kMember = {"balancefs_member_info", kGauge, "type",
                                           "Always 1; what kind of storage the member is, and its address."};
inline constexpr LabelledMetric kMemberState = {
    "balancefs_member_state", kGauge, "state",
    "1 for the state that the member is in: closed (in use), open (out of rotation), half-open (probed)."};
inline constexpr LabelledMetric kMemberErrors = {"balancefs_member_errors_total", kCounter, "kind",
                                                 "Requests to the member that failed, by kind."};
inline constexpr LabelledMetric kDiskState = {
    "balancefs_disk_cache_state", kGauge, "state",
    "1 for the state that the cache on disk is in: opening, on, paused, off."};
inline constexpr LabelledMetric kMetadataState = {
    "balancefs_metadata_store_state", kGauge, "state",
    "1 for the state that the store of directories is in: opening, on, paused, in use, off."};

inline constexpr std::array<LabelledMetric, 6> kLabelled = {kBuild,        kMember,    kMemberState,
                                                            kMemberErrors, kDiskState, kMetadataState};

inline constexpr std::array<std::string_view, 3> kMemberStates = {"closed", "open", "half-open"};
inline constexpr std::array<std::string_view, 4> kDiskStates = {"opening", "on", "paused", "off"};
inline constexpr std::array<std::string_view, 5> kMetadataStates = {"opening", "on", "paused", "in use",
                                                                    "off"};

// ---- of the daemon ----------------------------------------------------------------------------------------
inline constexpr std::array<Metric<Snapshot>, 20> kDaemon = {{
    {"balancefs_start_time_seconds", kGauge, "seconds", "When the daemon started, since 1970.",
     [](const Snapshot& s) -> MetricValue { return s.started; }},
    {"balancefs_cpu_seconds_total", kCounter, "seconds", "Processor time of the daemon, all of its threads.",
     [](const Snapshot& s) -> MetricValue { return s.cpu; }},
    {"balancefs_resident_memory_bytes", kGauge, "bytes", "Memory that the daemon holds.",
     [](const Snapshot& s) { return number(s.resident); }},
    {"balancefs_opens_total", kCounter, "", "Files that programs opened.",
     [](const Snapshot& s) { return number(s.opens); }},
    {"balancefs_open_files", kGauge, "", "Files that are open now.",
     [](const Snapshot& s) { return number(s.open_files); }},
    {"balancefs_open_directories", kGauge, "", "Directories that are open now.",
     [](const Snapshot& s) { return number(s.open_directories); }},
    {"balancefs_known_names", kGauge, "", "Names that the kernel holds now.",
     [](const Snapshot& s) { return number(s.nodes); }},
    {"balancefs_reads_total", kCounter, "", "READ requests of the kernel.",
     [](const Snapshot& s) { return number(s.memory.reads); }},
    {"balancefs_reads_from_memory_total", kCounter, "",
     "READ requests that were answered at once from memory.",
     [](const Snapshot& s) { return number(s.memory.reads_held); }},
    {"balancefs_read_bytes_total", kCounter, "bytes", "Bytes that programs read.",
     [](const Snapshot& s) { return number(s.memory.bytes_read); }},
    {"balancefs_fetched_bytes_total", kCounter, "bytes",
     "Bytes that came from storages and the cache on disk.",
     [](const Snapshot& s) { return number(s.memory.bytes_fetched); }},
    {"balancefs_waiting_reads", kGauge, "", "Reads that wait for memory now.",
     [](const Snapshot& s) { return number(s.memory.queued); }},
    {"balancefs_running_transfers", kGauge, "", "Transfers that are under way now.",
     [](const Snapshot& s) { return number(s.memory.parts); }},
    {"balancefs_memory_budget_bytes", kGauge, "bytes", "The budget for everything that is buffered.",
     [](const Snapshot& s) { return number(s.memory.budget); }},
    {"balancefs_memory_used_bytes", kGauge, "bytes", "Of the budget, what is used now.",
     [](const Snapshot& s) { return number(s.memory.used); }},
    {"balancefs_memory_in_flight_bytes", kGauge, "bytes", "Of these, what is kept for bytes still to come.",
     [](const Snapshot& s) { return number(s.memory.in_flight); }},
    {"balancefs_loop_slow_turns_total", kCounter, "",
     "Times that the daemon was busy for over 50 ms with one thing.",
     [](const Snapshot& s) { return number(s.slow_turns); }},
    {"balancefs_loop_longest_turn_seconds", kGauge, "seconds", "The longest of these times since the start.",
     [](const Snapshot& s) -> MetricValue { return s.longest_turn; }},
    {"balancefs_disk_cache_enabled", kGauge, "", "1: file data is kept on disk; 0: in memory alone.",
     [](const Snapshot& s) { return flag(s.disk.has_value()); }},
    {"balancefs_metadata_store_enabled", kGauge, "", "1: what is known of directories is kept on disk.",
     [](const Snapshot& s) { return flag(s.metadata.has_value()); }},
}};

// ---- of a group -------------------------------------------------------------------------------------------
inline constexpr std::array<Metric<GroupSnapshot>, 2> kGroup = {{
    {"balancefs_group_members", kGauge, "", "Storages of the group.",
     [](const GroupSnapshot& g) { return number(g.members.size()); }},
    {"balancefs_group_divergent_paths", kGauge, "",
     "Paths of which members hold something else, as far as known.",
     [](const GroupSnapshot& g) { return number(g.divergent); }},
}};

// ---- of a member ------------------------------------------------------------------------------------------
inline constexpr std::array<Metric<MemberSnapshot>, 17> kMembers = {{
    {"balancefs_member_in_rotation", kGauge, "",
     "1: new files may go to the member; 0: it is out, drained or throttled.",
     [](const MemberSnapshot& m) { return flag(m.state == "closed" && !m.drained && !m.throttled_until); }},
    {"balancefs_member_drained", kGauge, "", "1: taken out by the configuration or by drain.",
     [](const MemberSnapshot& m) { return flag(m.drained); }},
    {"balancefs_member_throttled", kGauge, "", "1: it said that it is asked too much.",
     [](const MemberSnapshot& m) { return flag(m.throttled_until.has_value()); }},
    {"balancefs_member_lagging", kGauge, "", "1: it was late with a listing; its last good ones are shown.",
     [](const MemberSnapshot& m) { return flag(m.lagging); }},
    {"balancefs_member_emptied", kGauge, "",
     "1: its root lists nothing any more, which is not believed before a refresh.",
     [](const MemberSnapshot& m) { return flag(m.emptied); }},
    {"balancefs_member_no_range", kGauge, "",
     "1: it ignored a range lately and is read from the start of files only.",
     [](const MemberSnapshot& m) { return flag(m.no_range); }},
    {"balancefs_member_weight", kGauge, "", "Its share of new files now; climbs for 30 s after an outage.",
     [](const MemberSnapshot& m) -> MetricValue { return m.weight; }},
    {"balancefs_member_ejections_total", kCounter, "", "Times that its failures took it out of rotation.",
     [](const MemberSnapshot& m) { return number(m.ejections); }},
    {"balancefs_member_opens_total", kCounter, "", "Opened files that chose the member.",
     [](const MemberSnapshot& m) { return number(m.opens); }},
    {"balancefs_member_open_files", kGauge, "", "Files open now that it served last.",
     [](const MemberSnapshot& m) { return number(m.handles); }},
    {"balancefs_member_running_requests", kGauge, "", "Data requests to it that are under way now.",
     [](const MemberSnapshot& m) { return number(m.running); }},
    {"balancefs_member_waiting_requests", kGauge, "", "Requests that wait for its limits now.",
     [](const MemberSnapshot& m) { return number(m.waiting); }},
    {"balancefs_member_received_bytes_total", kCounter, "bytes", "Bytes of file data that it delivered.",
     [](const MemberSnapshot& m) { return number(m.bytes); }},
    {"balancefs_member_rate_bytes_per_second", kGauge, "bytes per second",
     "What it delivers, over the last five seconds.",
     [](const MemberSnapshot& m) -> MetricValue { return m.rate; }},
    {"balancefs_member_extra_requests_total", kCounter, "",
     "Requests it got because another member was late.",
     [](const MemberSnapshot& m) { return number(m.extra); }},
    {"balancefs_member_first_byte_p50_seconds", kGauge, "seconds",
     "Median of its recent times to the first byte.",
     [](const MemberSnapshot& m) { return m.first_byte_p50; }},
    {"balancefs_member_first_byte_p95_seconds", kGauge, "seconds",
     "95th percentile of its recent times to the first byte.",
     [](const MemberSnapshot& m) { return m.first_byte_p95; }},
}};

// ---- of the caches ----------------------------------------------------------------------------------------
inline constexpr std::array<Metric<DiskCacheSnapshot>, 8> kDisk = {{
    {"balancefs_disk_cache_size_bytes", kGauge, "bytes", "The limit of the cache on disk.",
     [](const DiskCacheSnapshot& d) { return number(d.size); }},
    {"balancefs_disk_cache_used_bytes", kGauge, "bytes", "What it holds now.",
     [](const DiskCacheSnapshot& d) { return number(d.used); }},
    {"balancefs_disk_cache_files", kGauge, "", "Files of which it holds something now.",
     [](const DiskCacheSnapshot& d) { return number(d.entries); }},
    {"balancefs_disk_cache_read_bytes_total", kCounter, "bytes", "Bytes that were taken from it.",
     [](const DiskCacheSnapshot& d) { return number(d.read); }},
    {"balancefs_disk_cache_written_bytes_total", kCounter, "bytes", "Bytes that were put into it.",
     [](const DiskCacheSnapshot& d) { return number(d.written); }},
    {"balancefs_disk_cache_skipped_bytes_total", kCounter, "bytes",
     "Bytes that were not kept: the disk was too slow or full.",
     [](const DiskCacheSnapshot& d) { return number(d.skipped); }},
    {"balancefs_disk_cache_evicted_bytes_total", kCounter, "bytes", "Bytes that went to make room.",
     [](const DiskCacheSnapshot& d) { return number(d.evicted); }},
    {"balancefs_disk_cache_damaged_blocks_total", kCounter, "",
     "Blocks that did not fit their checksum and were fetched anew.",
     [](const DiskCacheSnapshot& d) { return number(d.damaged); }},
}};

inline constexpr std::array<Metric<MetadataCacheSnapshot>, 5> kMetadata = {{
    {"balancefs_metadata_store_directories", kGauge, "", "Directories that it knows, as of the last minute.",
     [](const MetadataCacheSnapshot& m) { return number(m.directories); }},
    {"balancefs_metadata_store_entries", kGauge, "", "Names in them.",
     [](const MetadataCacheSnapshot& m) { return number(m.entries); }},
    {"balancefs_metadata_store_bytes", kGauge, "bytes", "Bytes that they take.",
     [](const MetadataCacheSnapshot& m) { return number(m.bytes); }},
    {"balancefs_metadata_store_written_directories_total", kCounter, "", "Directories that were written.",
     [](const MetadataCacheSnapshot& m) { return number(m.written); }},
    {"balancefs_metadata_store_loaded_directories_total", kCounter, "", "Directories that were recalled.",
     [](const MetadataCacheSnapshot& m) { return number(m.loaded); }},
}};

/// Visits every row: `visit(name, kind, unit, help)`.
template <class Visit>
void for_each(Visit visit) {
  const auto all = [&visit](const auto& rows) {
    for (const auto& row : rows) visit(row.name, row.kind, row.unit, row.help);
  };
  for (const LabelledMetric& row : kLabelled) visit(row.name, row.kind, std::string_view(), row.help);
  all(kDaemon);
  all(kGroup);
  all(kMembers);
  all(kDisk);
  all(kMetadata);
}

}  // namespace metric
}  // namespace balancefs
