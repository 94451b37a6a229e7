#include "control/status_json.h"

#include <concepts>

namespace balancefs {
namespace {

// Every field once, for both directions.
template <class Io>
void describe(Io& io, FailureSnapshot& failure) {
  io("time", failure.time);
  io("id", failure.id);
  io("operation", failure.operation);
  io("path", failure.path);
  io("kind", failure.kind);
  io("cause", failure.cause);
}

template <class Io>
void describe(Io& io, MemberSnapshot& member) {
  io("name", member.name);
  io("type", member.type);
  io("endpoint", member.endpoint);
  io("state", member.state);
  io("reason", member.reason);
  io("since", member.since);
  io("next_probe", member.next_probe);
  io("throttled_until", member.throttled_until);
  io("drained", member.drained);
  io("no_range", member.no_range);
  io("emptied", member.emptied);
  io("lagging", member.lagging);
  io("weight", member.weight);
  io("tier", member.tier);
  io("opens", member.opens);
  io("handles", member.handles);
  io("running", member.running);
  io("waiting", member.waiting);
  io("bytes", member.bytes);
  io("rate", member.rate);
  io("extra", member.extra);
  io("ejections", member.ejections);
  io("first_byte_p50", member.first_byte_p50);
  io("first_byte_p95", member.first_byte_p95);
  io("errors", member.errors);
  io("last_failure", member.last_failure);
}

template <class Io>
void describe(Io& io, GroupSnapshot& group) {
  io("path", group.path);
  io("policy", group.policy);
  io("stripe", group.stripe);
  io("hedge", group.hedge);
  io("members", group.members);
  io("divergent", group.divergent);
  io("divergent_paths", group.divergent_paths);
}

template <class Io>
void describe(Io& io, HandleSnapshot& handle) {
  io("path", handle.path);
  io("member", handle.member);
  io("size", handle.size);
  io("position", handle.position);
}

template <class Io>
void describe(Io& io, MemorySnapshot& memory) {
  io("budget", memory.budget);
  io("used", memory.used);
  io("in_flight", memory.in_flight);
  io("parts", memory.parts);
  io("queued", memory.queued);
  io("reads", memory.reads);
  io("reads_held", memory.reads_held);
  io("bytes_read", memory.bytes_read);
  io("bytes_fetched", memory.bytes_fetched);
}

template <class Io>
void describe(Io& io, DiskCacheSnapshot& disk) {
  io("state", disk.state);
  io("folder", disk.folder);
  io("size", disk.size);
  io("used", disk.used);
  io("entries", disk.entries);
  io("read", disk.read);
  io("written", disk.written);
  io("skipped", disk.skipped);
  io("evicted", disk.evicted);
  io("damaged", disk.damaged);
}

template <class Io>
void describe(Io& io, MetadataCacheSnapshot& metadata) {
  io("state", metadata.state);
  io("folder", metadata.folder);
  io("directories", metadata.directories);
  io("entries", metadata.entries);
  io("bytes", metadata.bytes);
  io("written", metadata.written);
  io("loaded", metadata.loaded);
}

template <class Io>
void describe(Io& io, TransitionSnapshot& transition) {
  io("time", transition.time);
  io("last", transition.last);
  io("times", transition.times);
  io("member", transition.member);
  io("from", transition.from);
  io("to", transition.to);
  io("reason", transition.reason);
  io("id", transition.id);
}

template <class Io>
void describe(Io& io, Snapshot& snapshot) {
  io("version", snapshot.version);
  io("pid", snapshot.pid);
  io("mountpoint", snapshot.mountpoint);
  io("config", snapshot.config);
  io("page", snapshot.page);
  io("started", snapshot.started);
  io("now", snapshot.now);
  io("groups", snapshot.groups);
  io("opens", snapshot.opens);
  io("open_files", snapshot.open_files);
  io("open_directories", snapshot.open_directories);
  io("handles", snapshot.handles);
  io("memory", snapshot.memory);
  io("disk", snapshot.disk);
  io("metadata", snapshot.metadata);
  io("nodes", snapshot.nodes);
  io("slow_turns", snapshot.slow_turns);
  io("longest_turn", snapshot.longest_turn);
  io("cpu", snapshot.cpu);
  io("resident", snapshot.resident);
  io("journal", snapshot.journal);
}

class Writer {
 public:
  template <class T>
  void operator()(const char* name, T& value) {
    object_[name] = made(value);
  }
  template <class T>
  static Json made(T& value) {
    Writer writer;
    describe(writer, value);
    return std::move(writer.object_);
  }
  template <class T>
    requires std::is_arithmetic_v<T>
  static Json made(T& value) {
    return value;
  }
  static Json made(std::string& value) { return value; }
  static Json made(std::map<std::string, std::uint64_t>& values) { return values; }
  template <class T>
  static Json made(std::optional<T>& value) {
    return value ? made(*value) : Json(nullptr);
  }
  template <class T>
  static Json made(std::vector<T>& values) {
    Json array = Json::array();
    for (T& value : values) array.push_back(made(value));
    return array;
  }

 private:
  Json object_ = Json::object();
};

class Reader {
 public:
  explicit Reader(const Json& object) : object_(object) {}
  template <class T>
  void operator()(const char* name, T& value) {
    if (const auto found = object_.find(name); found != object_.end()) take(*found, value);
  }
  template <class T>
  static void take(const Json& from, T& value) {
    if (!from.is_object()) return;
    Reader reader(from);
    describe(reader, value);
  }
  static void take(const Json& from, bool& value) {
    if (from.is_boolean()) value = from.get<bool>();
  }
  static void take(const Json& from, double& value) {
    if (from.is_number()) value = from.get<double>();
  }
  template <std::unsigned_integral T>
  static void take(const Json& from, T& value) {
    if (from.is_number_unsigned()) value = from.get<T>();
  }
  static void take(const Json& from, std::string& value) {
    if (from.is_string()) value = from.get<std::string>();
  }
  static void take(const Json& from, std::map<std::string, std::uint64_t>& values) {
    if (!from.is_object()) return;
    for (const auto& [name, count] : from.items()) take(count, values[name]);
  }
  template <class T>
  static void take(const Json& from, std::optional<T>& value) {
    if (!from.is_null()) take(from, value.emplace());
  }
  template <class T>
  static void take(const Json& from, std::vector<T>& values) {
    if (!from.is_array()) return;
    for (const Json& each : from) take(each, values.emplace_back());
  }

 private:
  const Json& object_;
};

}  // namespace

Json status_json(const Snapshot& snapshot) {
  Snapshot copy = snapshot;
  return Writer::made(copy);
}

Result<Snapshot> parse_status(const Json& status) {
  if (!status.is_object() || !status.contains("groups"))
    return fail(ErrorKind::unavailable, "the daemon's status makes no sense");
  Snapshot snapshot;
  Reader::take(status, snapshot);
  return snapshot;
}

}  // namespace balancefs
