// One group's directories in the metadata store: turns what is held of them into records, and back.
//
// A directory that changed is remembered as such and turned into records when its turn to be written comes,
// so that of many changes the newest state alone is written. Until then it stays in memory (the table drops
// nothing that is in use). Records of listings are made on the store's thread, which shares them. Loop
// thread.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "meta/directory_state.h"
#include "meta/kept_directory.h"

namespace balancefs {

class GroupStore;
class MetadataStore;

/// A directory that is being written.
struct WrittenDirectory {
  GroupStore* group;
  std::weak_ptr<DirectoryState> state;

  WrittenDirectory(GroupStore& whose, std::weak_ptr<DirectoryState> written)
      : group(&whose), state(std::move(written)) {}
};

class GroupStore {
 public:
  GroupStore(MetadataStore& store, std::string name, std::vector<MemberKey> members);
  GroupStore(const GroupStore&) = delete;
  GroupStore& operator=(const GroupStore&) = delete;

  /// How long a directory is waited for. A file on a disk that works gives it in less than a millisecond.
  static constexpr Duration kLongestWait = std::chrono::seconds(1);

  std::size_t members() const { return members_.size(); }
  bool is(const std::string& name, const std::vector<MemberKey>& members) const {
    return name_ == name && members_ == members;
  }
  bool readable() const;
  /// `not_found`: nothing of it is kept. As long as it takes.
  Task<Result<KeptDirectory>> load(Path directory);
  /// Whether loads are worth waiting for: not once one has come late, until one has come in time.
  bool prompt() const;
  void set_prompt(bool prompt);
  /// To be had before a load and held until it has come. Null: the store is not prompt, and what it was asked
  /// last has not come yet. Each load keeps its directory in memory; a disk that hangs is not to fill it.
  std::shared_ptr<const void> leave_to_load() const;
  /// A directory that is unwritten() goes.
  void missed();
  WallTimes times() const;

  /// The state of a directory is to be written. Which words of it: MemberWord::kept.
  void changed(const std::shared_ptr<DirectoryState>& state);
  /// What of it is to be written. Costs nothing per name: encode_words() does.
  DirectoryToKeep to_keep(DirectoryState& state) const;
  /// Directories that are not in memory, or all below them: the next use asks again first.
  void expire(const Path& directory, DirectoryExpiry expiry);
  void expire_below(const Path& directory, DirectoryExpiry expiry);

 private:
  friend class MetadataStore;
  /// Moves queued directories into a batch until it has that many bytes.
  void collect(std::vector<DirectoryToKeep>& batch, std::vector<WrittenDirectory>& written,
               std::size_t& bytes, std::size_t most_bytes);
  /// `kept` was made from `state` and is on disk.
  void written(DirectoryState& state, const DirectoryToKeep& kept) const;
  void drop_queue();
  StateRecord state_record(const DirectoryState& state, const WallTimes& times) const;

  MetadataStore& store_;
  std::string name_;
  std::vector<MemberKey> members_;
  std::deque<std::shared_ptr<DirectoryState>> queue_;
};

}  // namespace balancefs
