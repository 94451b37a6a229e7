// What is held of one directory: each member's last good word, and the merged view of them.
//
// Decides nothing about time and asks nobody (freshness.h, listing_cache.h do); it keeps the words, tells
// what a new word changes in the merged view, and holds the waiters. Loop thread; shared by the table and by
// flows that wait.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "balancefs/task.h"
#include "meta/directory.h"
#include "meta/directory_change.h"
#include "meta/freshness.h"

namespace balancefs {

class Fetch;

/// One member's word about one directory.
struct MemberWord {
  enum class Kind : std::uint8_t { unknown, listed, absent };
  Kind kind = Kind::unknown;
  bool elsewhere = false;   ///< it has a file of the directory's name: not asked, and holds nothing here
  bool failed = false;      ///< its last request brought no answer that is believed
  bool unproven = false;    ///< kept before a crash, and newer words may be lost: what it lacks may be there
  MemberListing listing;    ///< empty unless listed
  TimePoint answered_at;    ///< of the last answer that was believed
  std::uint64_t heard = 0;  ///< the youngest fetch that ended for this member, whatever came of it
  std::uint64_t believed = 0;              ///< the youngest fetch whose answer was believed
  std::optional<TimePoint> doubted_since;  ///< a listing came that looks like a deletion of everything
  /// Checksum of the listing's record in the metadata store (group_store.h); 0: that is being written;
  /// absent: it is not there as it is.
  std::optional<std::uint64_t> kept;
  /// A refresh: a listing of a younger fetch than this is believed, however empty.
  std::optional<std::uint64_t> trust_after;

  MemberWord() = default;
  bool trusts(std::uint64_t fetch) const { return trust_after && fetch > *trust_after; }
};

class DirectoryState {
 public:
  DirectoryState(Path path, std::size_t members, IdentityRule rule)
      : path_(std::move(path)),
        rule_(rule),
        words_(members),
        changed_copies_(std::make_shared<ChangedCopies>()) {}

  const Path& path() const { return path_; }
  std::vector<MemberWord>& words() { return words_; }
  const std::vector<MemberWord>& words() const { return words_; }

  /// Whether the member's word still counts (`stale_if_error`).
  bool counts(MemberIndex member, TimePoint now, const MetadataOptions& options) const;
  /// Some member's word counts and is a listing; some counts at all; all count.
  bool any_listed(TimePoint now, const MetadataOptions& options) const;
  bool any_known(TimePoint now, const MetadataOptions& options) const;
  /// Whether it counts or not.
  bool knows_something() const;
  /// What is known of it is newer than what the store has, and not on its way there.
  bool unwritten() const { return keep_later && knows_something(); }
  bool all_known(TimePoint now, const MetadataOptions& options) const;
  /// All count, and what they lack is not there.
  bool proves_absence(TimePoint now, const MetadataOptions& options) const;
  Held held(TimePoint now, const MetadataOptions& options) const;

  std::optional<DirectoryEntry> find(std::string_view name, TimePoint now,
                                     const MetadataOptions& options) const;
  /// What find() decides for each member, and why. Without a member that has it: what they said of it.
  std::vector<MemberVerdict> decide(std::string_view name, TimePoint now,
                                    const MetadataOptions& options) const;
  std::shared_ptr<const Directory> snapshot(TimePoint now, const MetadataOptions& options);
  /// Names of the directories in it, sorted.
  std::vector<std::string> subdirectories(TimePoint now, const MetadataOptions& options) const;
  /// The next snapshot() is built anew.
  void forget_snapshot() { snapshot_.reset(); }

  /// Whether `shown` is what snapshot() would give.
  bool is_current(const Directory& shown, const MetadataOptions& options) const;

  /// Takes a member's new word and says which merged entries it may change.
  DirectoryChange take(MemberIndex member, MemberWord::Kind kind, MemberListing listing);
  /// Takes a stat's size and checksums for one listed name. visit(const EntryChange&): what it may change.
  template <class Visit>
  void take_stat(MemberIndex member, std::string_view name, TimePoint at, const ObjectInfo& stat,
                 bool asked_checksums, Visit visit) {
    MemberListing& listing = words_[member].listing;
    if (listing.row_of(name) == kNoRow) return;
    const auto before = merge_name(everything(), name);
    listing.note_stat(name, at, stat, asked_checksums);
    words_[member].kept.reset();
    forget_snapshot();
    const MergeInput input = everything();
    const std::vector<RowIndex> rows = rows_of_name(input, name);
    std::optional<InfoView> old_word;
    if (before) old_word = before->info;
    visit(EntryChange(name, old_word, MergedName(input, name, rows)));
  }
  std::size_t rows() const;
  const ChangedCopies& changed_copies() const { return *changed_copies_; }
  /// Puts back what was known before, where nothing is known yet and nobody was told anything.
  void restore(MemberIndex member, MemberWord::Kind kind, MemberListing listing);
  void restore(ChangedCopies copies) { own_changed_copies() = std::move(copies); }
  /// Names of which copies differ, by what is held.
  void find_divergent();

  // Times; see Held.
  std::optional<TimePoint> fresh_from;
  std::uint64_t fresh_by = 0;  ///< the fetch that set it
  TimePoint retry_at;
  bool expired = false;
  std::optional<Error> last_error;  ///< of the youngest fetch: why a member gave no answer

  /// Whether what the metadata store has of it was asked for and has come (listing_recall.cc).
  enum class Recall : std::uint8_t { not_asked, asked, done };
  Recall recall = Recall::not_asked;
  TimePoint recall_by;      ///< nobody waits for it longer
  bool keep_later = false;  ///< it changed before that came
  /// With how many rows it waits to be written; absent: it does not.
  std::optional<std::size_t> queued;

  bool served = false;  ///< somebody was given an answer: changes are worth telling

  std::weak_ptr<Fetch> fetch;  ///< the youngest under way; flows own it
  std::size_t awaiting = 0;    ///< callers that wait for it
  WaitList changed;            ///< a member's word, the fetch's end, a member that began to lag
  std::set<std::string, std::less<>> divergent;  ///< names of which copies differ

 private:
  MergeInput everything() const;
  MergeInput counting(TimePoint now, const MetadataOptions& options) const;
  MembersWords counting_words(TimePoint now, const MetadataOptions& options) const;
  void note_changes(MemberIndex member, const MemberListing& old, const std::vector<RowChange>& rows);
  ChangedCopies& own_changed_copies();

  Path path_;
  IdentityRule rule_;
  std::vector<MemberWord> words_;
  std::shared_ptr<ChangedCopies> changed_copies_;  ///< copied before a write when a snapshot looks at it
  std::weak_ptr<const Directory> snapshot_;
};

}  // namespace balancefs
