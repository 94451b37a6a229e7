// The seam between what wants files (src/meta, src/io) and what has them (drivers, groups, decorators).
//
// A driver author implements Storage and ObjectReader, adds the type to src/storage/registry.cc and a row to
// the contract suite (tests/contract). A group of equal storages is a Storage too, so whatever uses one never
// learns how many there are. All calls are made on the loop thread; a driver that must block does so on a
// thread of its own and posts back. Every Task may be cancelled at any time and then leaves nothing behind.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "balancefs/bytes.h"
#include "balancefs/object.h"
#include "balancefs/task.h"
#include "balancefs/version.h"

namespace balancefs {

/// Who goes first where requests queue.
enum class Priority : std::uint8_t { probe, prefetch, metadata, demand };

/// What limits, stall detection and logs need to know of one request. Owned by the caller, outlives the call;
/// the fields marked "live" may be changed while the call runs.
struct RequestContext {
  std::uint64_t id = 0;                    ///< of this request to one member: "[#1a2b]" in the log; 0: none
  Priority priority = Priority::metadata;  ///< live: raised when a prefetched part is demanded
  bool awaited = true;                     ///< live: whether somebody waits now; only then is slow "stalled"
  std::optional<TimePoint> deadline;       ///< the whole call ends with `timed_out` by then
  /// list() and stat() of a group: the members to ask, best first for stat(); empty: all, in order.
  std::vector<MemberIndex> ask;
  /// stat(): the file's checksums are wanted, also where they cost a request more.
  bool checksums = false;
  /// Reads: a server that ignores ranges is read from the start and what precedes the range is dropped,
  /// instead of `unsupported` with Detail::no_range.
  bool sequential_fallback = false;
  /// Set by whoever serves: the member that answered, for logs and attributes.
  MemberIndex served_by = 0;

  RequestContext() = default;
  explicit RequestContext(Priority kind) : priority(kind), awaited(kind != Priority::prefetch) {}
};

/// What callers may rely on.
struct StorageTraits {
  std::string name;                  ///< as configured: the mount path ("/pt.balance1"); for logs and status
  std::string type;                  ///< "webdav", "http", "local", "group", ...
  std::vector<std::string> members;  ///< a group's members by name, in order; empty for a single storage
  bool ranges = true;                ///< serves a range without transferring what precedes it

  StorageTraits() = default;
};

/// One opened version of one object at one storage. Several reads may run at once. Destroyed only when none
/// is running.
class ObjectReader {
 public:
  virtual ~ObjectReader() = default;
  /// Delivers `range` (inside the object, not empty) into `sink`, beginning at sink.position(), which lies in
  /// the range. Success means that all of it was delivered; on an error `sink.position()` says how far it
  /// came, and what was delivered is right. Data that contradicts the version is `changed` and is never
  /// delivered.
  virtual Task<Result<void>> read(ByteRange range, ByteSink& sink, RequestContext& why) = 0;
};

class Storage {
 public:
  virtual ~Storage() = default;
  virtual const StorageTraits& traits() const = 0;
  /// Streams the entries of a directory, each once, in any order, the directory itself left out. Success
  /// means complete; a listing that was cut off after some entries is an error. A file, or nothing, at
  /// `directory` is `not_found`.
  virtual Task<Result<void>> list(Path directory, ListingSink& entries, RequestContext& why) = 0;
  /// Attributes of one object, with an exact size for files. `not_found` when the storage says so.
  virtual Task<Result<ObjectInfo>> stat(Path path, RequestContext& why) = 0;
  /// A reader of `version.path_of(self)`. No I/O; never fails. `self` is this storage's index in its group,
  /// which names it in the version's pins.
  virtual std::unique_ptr<ObjectReader> open(std::shared_ptr<Version> version, MemberIndex self) = 0;
  /// The cheapest proof that the storage answers sensibly: its root is there. For health, never for data.
  virtual Task<Result<void>> probe(RequestContext& why) = 0;
  /// Ends what runs in the background and waits for it. Called once, before destruction.
  virtual Task<void> close() = 0;
};

}  // namespace balancefs
