// What status shows, from the daemon's objects.
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "base/request_id.h"
#include "base/text.h"
#include "daemon/app.h"
#include "io/disk_core.h"

namespace balancefs {
namespace {

double seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

std::optional<double> seconds(std::optional<Duration> duration) {
  if (!duration) return std::nullopt;
  return seconds(*duration);
}

std::string_view word(GroupOptions::Policy policy) {
  switch (policy) {
    case GroupOptions::Policy::round_robin:
      return "round-robin";
    case GroupOptions::Policy::least_in_flight:
      return "least-in-flight";
    case GroupOptions::Policy::fastest:
      return "fastest";
    case GroupOptions::Policy::first:
      return "first";
  }
  return "";
}

std::string_view word(DiskSnapshot::State state) {
  switch (state) {
    case DiskSnapshot::State::opening:
      return "opening";
    case DiskSnapshot::State::on:
      return "on";
    case DiskSnapshot::State::paused:
      return "paused";
    case DiskSnapshot::State::off:
      return "off";
  }
  return "";
}

std::string_view word(MetadataSnapshot::State state) {
  switch (state) {
    case MetadataSnapshot::State::opening:
      return "opening";
    case MetadataSnapshot::State::on:
      return "on";
    case MetadataSnapshot::State::paused:
      return "paused";
    case MetadataSnapshot::State::in_use:
      return "in use";
    case MetadataSnapshot::State::off:
      return "off";
  }
  return "";
}

MemorySnapshot memory_of(const ReadSnapshot& reads) {
  MemorySnapshot memory;
  memory.budget = reads.budget;
  memory.used = reads.used;
  memory.in_flight = reads.in_flight;
  memory.parts = reads.parts;
  memory.queued = reads.queued;
  memory.reads = reads.reads;
  memory.reads_held = reads.reads_held;
  memory.bytes_read = reads.bytes_read;
  memory.bytes_fetched = reads.bytes_fetched;
  return memory;
}

DiskCacheSnapshot disk_of(const DiskSnapshot& from) {
  DiskCacheSnapshot disk;
  disk.state = word(from.state);
  disk.folder = from.folder;
  disk.size = from.size;
  disk.used = from.used;
  disk.entries = from.entries;
  disk.read = from.read;
  disk.written = from.written;
  disk.skipped = from.skipped;
  disk.evicted = from.evicted;
  disk.damaged = from.damaged;
  return disk;
}

MetadataCacheSnapshot metadata_of(const MetadataSnapshot& from) {
  MetadataCacheSnapshot metadata;
  metadata.state = word(from.state);
  metadata.folder = from.folder;
  metadata.directories = from.kept.directories;
  metadata.entries = from.kept.entries;
  metadata.bytes = from.kept.bytes;
  metadata.written = from.written;
  metadata.loaded = from.loaded;
  return metadata;
}

FailureSnapshot failure_of(const FailedRequest& request) {
  FailureSnapshot failure;
  failure.id = request_id_text(request.id);
  failure.operation = request.operation;
  failure.path = request.path;
  failure.kind = to_string(request.kind);
  failure.cause = request.cause;
  return failure;
}

double processor_seconds() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto of = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return of(used.ru_utime) + of(used.ru_stime);
}

std::uint64_t resident_bytes() {
  std::ifstream file("/proc/self/statm");  // answered by the kernel from memory
  std::uint64_t all = 0;
  std::uint64_t resident = 0;
  file >> all >> resident;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace

double App::wall(TimePoint at) const {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration<double>(now).count() - seconds(clock_.now() - at);
}

MemberSnapshot App::snapshot_of(const MemberStatus& status, const StorageOptions& storage) const {
  MemberSnapshot member;
  member.name = status.name;
  member.type = storage.type;
  member.endpoint = storage.type == "local" ? storage.root : without_secrets(storage.url);
  member.state = to_string(status.state);
  member.reason = status.reason;
  member.since = wall(status.since);
  if (status.next_probe) member.next_probe = wall(*status.next_probe);
  if (status.throttled_until) member.throttled_until = wall(*status.throttled_until);
  member.drained = status.drained;
  member.no_range = status.no_range;
  member.weight = status.weight / 1000.0;
  member.tier = status.tier;
  member.opens = status.opens;
  member.running = status.running;
  member.waiting = status.waiting;
  member.bytes = status.bytes;
  member.rate = status.rate;
  member.extra = status.extra;
  member.ejections = status.ejections;
  member.first_byte_p50 = seconds(status.p50);
  member.first_byte_p95 = seconds(status.p95);
  for (std::size_t kind = 0; kind < kErrorKinds; ++kind) {
    const std::string_view name = to_string(static_cast<ErrorKind>(kind));
    if (status.errors[kind] > 0) member.errors[std::string(name)] = status.errors[kind];
  }
  if (status.last_failure) {
    member.last_failure = failure_of(*status.last_failure);
    member.last_failure->time = wall(status.last_failure->at);
  }
  return member;
}

GroupSnapshot App::snapshot_of(const MountedGroup& group) const {
  const GroupOptions& rules = group.rules();
  const ListingCache& listings = group.listings();
  GroupSnapshot shown;
  shown.path = group.name();
  shown.policy = word(rules.policy);
  shown.stripe = rules.stripe;
  shown.hedge = rules.hedge;
  std::vector<std::string> divergent = listings.divergent_paths();
  shown.divergent = divergent.size();
  divergent.resize(std::min(divergent.size(), Snapshot::kMostDivergent));
  shown.divergent_paths = std::move(divergent);
  const std::vector<MemberStatus> members = group.group().status();
  for (std::size_t m = 0; m < members.size(); ++m) {
    shown.members.push_back(snapshot_of(members[m], group.members().at(m)));
  }
  for (MemberIndex m = 0; m < shown.members.size(); ++m) shown.members[m].lagging = listings.lagging(m);
  for (const MemberIndex m : listings.emptied_members()) shown.members.at(m).emptied = true;
  return shown;
}

TransitionSnapshot App::snapshot_of(const Transition& transition) const {
  TransitionSnapshot shown;
  shown.time = wall(transition.at);
  shown.last = wall(transition.last);
  shown.times = transition.times;
  shown.member = transition.member;
  shown.from = transition.from;
  shown.to = transition.to;
  shown.reason = transition.reason;
  shown.id = request_id_text(transition.id);
  return shown;
}

std::vector<HandleSnapshot> App::open_handles() const {
  std::vector<HandleSnapshot> handles;
  filesystem_->handles().for_each_file([&](const FileHandle& file) {
    HandleSnapshot& handle = handles.emplace_back();
    handle.path = file.path.str();
    handle.member = Filesystem::last_member(file);
    handle.size = file.version->size();
    handle.position = file.position;
  });
  std::ranges::sort(handles, {}, &HandleSnapshot::path);
  return handles;
}

Snapshot App::snapshot() const {
  Snapshot now;
  now.version = BALANCEFS_VERSION;
  now.pid = static_cast<std::uint64_t>(::getpid());
  now.mountpoint = mountpoint_;
  now.config = options_.file;
  now.page = page_;
  now.started = started_;
  now.now = wall(clock_.now());
  for (const auto& group : groups_.all()) now.groups.push_back(snapshot_of(*group));
  now.handles = open_handles();
  for (const HandleSnapshot& handle : now.handles) {
    for (GroupSnapshot& group : now.groups) {
      const auto serves = [&](const MemberSnapshot& member) { return member.name == handle.member; };
      const auto found = std::ranges::find_if(group.members, serves);
      if (found != group.members.end()) ++found->handles;
    }
  }
  now.handles.resize(std::min(now.handles.size(), Snapshot::kMostHandles));
  now.opens = filesystem_->handles().files_opened();
  now.open_files = filesystem_->handles().open_files();
  now.open_directories = filesystem_->handles().open_directories();
  now.memory = memory_of(reads_->snapshot());
  if (const auto disk = reads_->disk_snapshot()) now.disk = disk_of(*disk);
  if (metadata_ != nullptr) now.metadata = metadata_of(metadata_->snapshot());
  now.nodes = filesystem_->inodes().size();
  now.slow_turns = turns_.slow();
  now.longest_turn = seconds(turns_.longest());
  now.cpu = processor_seconds();
  now.resident = resident_bytes();
  for (const Transition& transition : journal_.all()) now.journal.push_back(snapshot_of(transition));
  return now;
}

}  // namespace balancefs
