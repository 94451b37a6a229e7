// What is known of directories, kept across restarts: the loop's side of the file (metadata_file.h).
//
// Best effort in both directions. What is to be kept is written behind, a second's worth in one transaction,
// on a thread of its own; nobody on the loop ever waits for it. What is asked for is waited for by its asker
// for a short time (listing_recall.cc). A file or disk that fails costs what it would have kept and one line
// in the log. Loop thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/worker_thread.h"
#include "meta/directory_table.h"
#include "meta/group_store.h"
#include "meta/metadata_file.h"

namespace balancefs {

/// The wall clock, for ages that go on across restarts.
using WallClock = std::function<FileTime()>;

struct MetadataStoreOptions {
  /// Some ten million entries; a hundredth of it is usual.
  static constexpr std::uint64_t kMostBytes = 1024ULL * 1024 * 1024;

  std::string folder;
  std::uint64_t most_bytes = kMostBytes;
  /// Directories that wait to be written cannot leave memory: as many rows again as it holds.
  std::size_t most_queued_rows = DirectoryTable::kRows;

  MetadataStoreOptions() = default;
};

/// For status.
struct MetadataSnapshot {
  enum class State : std::uint8_t {
    opening,
    on,
    paused,  ///< the disk is full or fails: nothing is written for a while; or it has no room for the file
    in_use,  ///< by another daemon; tried again
    off,
  };
  State state = State::opening;
  std::string folder;
  KeptAmount kept;            ///< as of the last count
  std::size_t queued = 0;     ///< directories that wait to be written
  std::uint64_t written = 0;  ///< directories, in this run
  std::uint64_t loaded = 0;   ///< directories, in this run
  std::uint64_t skipped = 0;  ///< states that were not written
  Duration writing{0};        ///< of the thread's time
  Duration loading{0};

  MetadataSnapshot() = default;
};

class MetadataStore {
 public:
  MetadataStore(MetadataStoreOptions options, const Executor& executor, Clock& clock, WallClock wall);
  MetadataStore(const MetadataStore&) = delete;
  MetadataStore& operator=(const MetadataStore&) = delete;
  /// close() has ended.
  ~MetadataStore();

  /// A group's part of it: `name` is its visible path, `members` who they are, in the group's order. Lives as
  /// long as the store; the same for the same. One ListingCache at a time keeps a group's directories.
  GroupStore& group(std::string name, std::vector<MemberKey> members);
  /// Begins to open the file.
  void start();
  /// Writes what waits, for some seconds at most, and ends. Nothing is kept from then on.
  Task<void> close();
  MetadataSnapshot snapshot() const;
  /// Waits until all that is known by now is written or given up, or for the time.
  Task<void> write_all(TimePoint deadline);
  /// Whether the thread works for the loop at this moment.
  bool busy() const { return jobs_ > 0; }

 private:
  friend class GroupStore;

  // For GroupStore.
  WallTimes times() const { return WallTimes(clock_.now(), wall_()); }
  /// Whether there may be something to load, now or soon.
  bool readable() const;
  bool has_no_file() const { return figures_.state == MetadataSnapshot::State::paused && !writes_; }
  /// Whether what is to be kept may be written, now or soon.
  bool writable() const;
  /// Counts a directory that waits to be written. False: too many do, or too many rows.
  bool enqueue(std::size_t rows);
  void recount(std::size_t& counted, std::size_t rows);
  void dequeue(std::size_t rows);
  /// A state was not written and will not be: see MetadataFile::distrust().
  void skip();
  Task<Result<KeptDirectory>> load(DirectoryQuestion question);
  void expire(std::string group, std::string path, bool below, DirectoryExpiry expiry);

  /// What was said of directories in the file; every job begins with it.
  struct Expiry {
    std::string group, path;
    bool below = false;
    DirectoryExpiry what = DirectoryExpiry::expired;
    Expiry(std::string whose, std::string where, bool all_below, DirectoryExpiry said)
        : group(std::move(whose)), path(std::move(where)), below(all_below), what(said) {}
  };
  using Expiries = std::vector<Expiry>;
  static void apply(MetadataFile& file, const Expiries& expiries);
  Task<void> apply_expiries();

  Task<void> open_file();
  void not_opened(MetadataFolder::State why);
  Task<void> write_behind();
  /// Whether there was more than fits into a batch.
  Task<bool> write_batch();
  using Batch = std::vector<DirectoryToKeep>;
  struct Saved;
  /// On the thread.
  static Saved encode_and_save(MetadataFile& file, std::shared_ptr<Batch> batch, const WallTimes& clocks);
  void batch_ended(const std::vector<WrittenDirectory>& written, const Saved& saved);
  void pause(const Error& error);
  Task<void> count();
  /// Runs a job on the thread.
  template <class T>
  Task<Result<T>> run(std::function<Result<T>()> job);

  MetadataStoreOptions options_;
  Clock& clock_;
  WallClock wall_;
  std::shared_ptr<MetadataFile> file_;  ///< the thread's, but for its making and end
  std::vector<std::unique_ptr<GroupStore>> groups_;
  MetadataSnapshot figures_;
  std::size_t queued_ = 0;
  std::size_t queued_rows_ = 0;
  int jobs_ = 0;
  bool prompt_ = true;                                           ///< see GroupStore
  std::shared_ptr<const void> loads_ = std::make_shared<int>();  ///< shared by those under way
  Expiries expiries_;
  std::uint64_t expired_ = 0;  ///< how often
  bool incomplete_ = false;    ///< a state was skipped, and the file does not know of it yet
  bool hurried_ = false;       ///< somebody waits in write_all()
  bool closing_ = false;
  bool writes_ = false;  ///< write_behind() runs
  TimePoint paused_until_;
  TimePoint next_count_;
  WaitList wake_;
  WaitList ended_;
  WaitList written_;
  TaskScope scope_;
  TaskScope writing_;
  WorkerThread worker_;
};

}  // namespace balancefs
