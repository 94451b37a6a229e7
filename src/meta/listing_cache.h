// What is where: listings and attributes of one group, from memory or from its members.
//
// Owns the metadata requests of its group. Callers wait within bounds (`patience` with a last good answer at
// hand, `timeout` without) and share the request; the request itself goes on and fills the cache for the next
// one, also when its callers have left. Keeps per directory and member the last good word and how far it can
// be believed (docs/SEMANTICS.md, "Listing and attributes"). Loop thread. Never reads file data, never
// chooses who serves.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "balancefs/options.h"
#include "balancefs/storage.h"
#include "meta/directory.h"
#include "meta/directory_table.h"
#include "meta/fetch.h"
#include "meta/group_store.h"
#include "meta/size_survey.h"
#include "meta/tree_foresight.h"

namespace balancefs {

class ListingListener {
 public:
  virtual ~ListingListener() = default;
  /// Names appeared, vanished or have other attributes: what the kernel keeps of them is stale. Sorted, not
  /// empty, valid during the call. Called on the loop from inside the cache: must not call back into it.
  virtual void entries_changed(const Path& directory, std::vector<std::string_view> names) = 0;
};

/// What a refresh has marked.
struct Refreshed {
  Path folder;               ///< the path itself, or the folder of a file
  std::size_t listings = 0;  ///< that were held

  explicit Refreshed(Path which) : folder(std::move(which)) {}
};

/// A directory, or the first names of one that is still arriving.
struct Beginning {
  std::shared_ptr<const Directory> whole;  ///< null: `names` only
  /// Each once, in the order of arrival, and not confirmed yet: an error of list(), or a listing without one
  /// of them, means that what was shown is worth nothing.
  std::vector<FirstName> names;

  Beginning() = default;
};

class ListingCache final : private FetchOwner, private HeldTree {
 public:
  /// `listener` may be null. A storage that is not a group has one member.
  ListingCache(Storage& group, std::size_t member_count, GroupOptions group_options, MetadataOptions options,
               Executor executor, Clock& clock, ListingListener* listener);
  ~ListingCache() override;
  ListingCache(const ListingCache&) = delete;
  ListingCache& operator=(const ListingCache&) = delete;

  /// What is known of directories is kept there and comes from there: after a restart, and when memory had no
  /// room for it. Before the first question; `store` outlives the cache.
  void keep_in(GroupStore& store);
  /// Another cache keeps the group's directories there from now on.
  void stop_keeping() { keeps_ = false; }

  /// The directory as known best within the bounds. `not_found`: confirmed absent, or a file.
  Task<Result<std::shared_ptr<const Directory>>> list(Path directory);
  /// As list(), but of a large directory of a storage alone, of which nothing is known, the first names may
  /// come while the rest still arrives.
  Task<Result<Beginning>> begin(Path directory);
  /// One entry; not for the root. `not_found` only when confirmed; unknown is `unavailable` or what the
  /// storage said. Sizes of files are exact.
  Task<Result<DirectoryEntry>> lookup(Path path);
  /// As lookup, for an open: of a listing older than `ttl` it asks for this one file first, for at most
  /// `patience`, then the last good answer is given. Under the rule "checksum" the members whose listing
  /// gives none are asked for it once, within the same bound: who has not answered is no copy.
  Task<Result<DirectoryEntry>> refresh_for_open(Path path);

  /// As lookup, of a file: who counts as a copy of what the authority has, and why. Asks for checksums as an
  /// open does.
  Task<Result<IdentityDecision>> identity(Path path);

  /// How long the kernel may keep what it was told of this directory's entries; 0 when that is neither fresh
  /// nor being revalidated.
  Duration fresh_for(const Path& directory) const;
  /// Whether a name that is not listed now does not exist.
  bool proves_absence(const Path& directory) const;
  /// Whether an entry of a snapshot of `directory`, perhaps an older one, is what the newest one would show.
  bool still_lists(const Path& directory, const Directory& snapshot, std::size_t index) const;
  /// A contradiction was seen: the next use asks again first.
  void expire(const Path& directory);
  /// The user said so: what is held of `path` (of a file, or of a name that is not known: of its folder) is
  /// asked for anew with its next use, and the members' next success is believed, however empty. What is
  /// under way answers nobody who asks from now on. `recursive`: and of everything below `path`.
  Refreshed refresh(const Path& path, bool recursive = false);

  /// For status: paths of which members hold something else than the authority.
  std::vector<std::string> divergent_paths() const;
  /// Members whose root had names and lists none now: what is shown of it is the last good answer.
  std::vector<MemberIndex> emptied_members() const;
  bool lagging(MemberIndex member) const { return lagging_[member]; }
  /// Bounds on what is held, for tests.
  void set_bounds(std::size_t directories, std::size_t rows) { table_.set_bounds(directories, rows); }
  std::size_t directories() const { return table_.size(); }

  /// Ends the requests and every wait for them. Called once, after the callers have been cancelled.
  Task<void> close();

 private:
  struct StatCall;
  using State = std::shared_ptr<DirectoryState>;

  // listing_cache.cc: questions and waiting
  // `asked`: when the program began to wait. All that one question waits for is within its one bound.
  Task<void> bring_up_to_date(State state, bool name_missing, TimePoint asked, bool names_suffice = false);
  Task<void> wait_for_fetch(State state, TimePoint deadline, bool names_suffice = false);
  Task<Result<std::shared_ptr<const Directory>>> list_now(State state, TimePoint asked);
  std::vector<FirstName> first_names(const DirectoryState& state) const;
  Task<Result<DirectoryEntry>> look_up(Path path, TimePoint asked);
  Task<Result<DirectoryEntry>> find_in(State state, Path path, TimePoint asked);
  Task<Result<DirectoryEntry>> missing_in(State state, Path path, TimePoint asked);
  bool blocks(const Fetch& fetch) const;
  bool has_missed_a_bound(TimePoint started) const;
  void mark_lagging(DirectoryState& state);
  Error failure(const DirectoryState& state, const Path& path) const;

  // listing_types.cc: file here, folder there
  State use(const Path& directory);
  void set_elsewhere(DirectoryState& state, MemberIndex member, bool elsewhere);

  // listing_fetch.cc: requests and what their answers do
  enum class For : std::uint8_t { program, foresight };
  void start_fetch(const State& state, For whom = For::program);
  bool should_start(const DirectoryState& state) const;
  std::vector<MemberIndex> members_to_ask(const DirectoryState& state) const;
  Task<void> run_fetch(std::shared_ptr<Fetch> fetch);
  void member_answered(Fetch& fetch, MemberIndex member, const Result<void>& outcome) override;
  void fetch_gone(Fetch& fetch) override;
  /// Whether that member's word is known from elsewhere by now: a younger answer, or the directory's parent.
  bool overtaken(const Fetch& fetch, MemberIndex member) const;
  void take_listing(Fetch& fetch, MemberIndex member);
  void take_missing(Fetch& fetch, MemberIndex member, const Error& error);
  void take_failure(Fetch& fetch, MemberIndex member, const Error& error);
  void doubt(Fetch& fetch, MemberIndex member, bool empty);
  void believe(Fetch& fetch, MemberIndex member, MemberWord::Kind kind, MemberListing listing);
  void ended(Fetch& fetch, MemberIndex member, Fetch::Answer answer);
  void settle(Fetch& fetch);
  void pause_asking(const Fetch& fetch);
  Duration retry_pause(const DirectoryState& state) const;
  void publish(DirectoryState& state, const DirectoryChange& changes);
  static bool is_news(const EntryChange& change);
  void tell(const DirectoryState& state, std::vector<std::string_view> names);
  void survey(MemberIndex member, const EntryChange& change);
  bool report_divergence(DirectoryState& state, const EntryChange& change, bool in_log);

  // listing_ahead.cc: what no program waits for
  std::vector<std::string> subdirectories(const Path& directory) const override;
  void program_lists(const Path& directory);
  void program_listed(const Path& directory);
  void look_ahead();
  Task<void> list_ahead(Path directory);
  void revalidate(const State& state);
  void revalidate_next();
  std::size_t in_background() const;

  // listing_refresh.cc: what is no longer believed to be up to date
  bool is_folder(const Path& path) const;

  // listing_recall.cc: what was known before
  Task<void> recall(State state);
  Task<void> run_recall(State state, std::shared_ptr<const void> leave);
  void take_kept(DirectoryState& state, KeptDirectory kept);
  std::optional<TimePoint> fresh_by_kept(const KeptDirectory& kept, const WallTimes& times) const;
  void judge_by_kept(DirectoryState& state, KeptWord kept);
  void take_kept_word(DirectoryState& state, KeptWord kept, const WallTimes& times, bool untouched);
  void keep(const State& state);
  void tell_unwritten();

  // listing_confirm.cc: answers that are not believed at once
  Task<void> confirm_absence(std::shared_ptr<Fetch> fetch, MemberIndex member);
  Task<void> confirm_vanished(std::shared_ptr<Fetch> fetch, MemberIndex member, MemberListing listing);
  bool root_has_names(MemberIndex member, TimePoint since) const;
  Task<bool> is_unlisted(Path directory, MemberIndex member, std::uint64_t since);
  Task<bool> hear_again(Path directory, MemberIndex member, std::uint64_t since);
  ParentSays parent_says(const Path& directory, MemberIndex member) const;
  ParentSays parent_says_by_now(const Path& directory, MemberIndex member) const;

  // listing_stat.cc: one file alone
  Task<Result<DirectoryEntry>> with_exact_size(State state, Path path, DirectoryEntry entry, TimePoint asked);
  std::shared_ptr<StatCall> start_stat(const Path& path, const DirectoryEntry& entry);
  std::shared_ptr<StatCall> start_call(const Path& path, std::string key, std::vector<MemberIndex> ask,
                                       bool checksums);
  Task<void> run_stat(std::shared_ptr<StatCall> call);
  Task<bool> wait_for_stat(std::shared_ptr<StatCall> call, TimePoint deadline);
  void take_stat(StatCall& call);
  /// Calls for files in such directories answer nobody who asks from now on.
  void outdate_stats(const std::function<bool(const Path&)>& within);
  Task<Result<DirectoryEntry>> refreshed(Path path, TimePoint asked);
  std::vector<std::shared_ptr<StatCall>> ask_for_checksums(const State& state, const Path& path);
  Task<Result<DirectoryEntry>> with_checksums(Path path, Result<DirectoryEntry> entry, TimePoint asked);
  bool asked_lately(const DirectoryState& state, const DirectoryEntry& entry) const;

  TimePoint now() const { return clock_.now(); }
  std::string shown(const Path& path) const;
  const std::string& member_name(MemberIndex member) const;

  Storage& group_;
  GroupOptions group_options_;
  MetadataOptions options_;
  Clock& clock_;
  ListingListener* listener_;
  GroupStore* kept_ = nullptr;
  bool keeps_ = true;  ///< in kept_, where there is one
  DirectoryTable table_;
  SizeSurvey survey_;
  std::vector<bool> lagging_;  ///< by member: missed a bound, and no request of it has succeeded since
  std::set<Fetch*> fetches_;   ///< under way
  std::map<std::string, std::shared_ptr<StatCall>> stats_;  ///< under way, by path
  TreeForesight foresight_;
  std::deque<State> listed_ahead_;  ///< the last few: kept until a program had the time to ask for them
  std::deque<Path> to_revalidate_;  ///< served although stale, and no request of it has begun yet
  std::set<Path> queued_;           ///< the same
  std::uint64_t last_id_ = 0;
  bool closing_ = false;
  TaskScope scope_;
};

}  // namespace balancefs
