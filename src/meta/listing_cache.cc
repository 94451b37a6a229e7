// Questions and how long they wait. Who asks the members, and what their answers do: listing_fetch.cc.
#include "meta/listing_cache.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"

namespace balancefs {
namespace {

/// What is shown while it is revalidated may be kept for as long as a usual answer takes: a change is told.
/// Without it a program that lists an old folder asks again for every name in it.
constexpr Duration kWhileRevalidated = std::chrono::seconds(1);

/// Counts a caller that waits; the request knows that somebody does.
class Awaiting {
 public:
  explicit Awaiting(DirectoryState& state) : state_(state) {
    ++state_.awaiting;
    tell();
  }
  ~Awaiting() {
    --state_.awaiting;
    tell();
  }
  Awaiting(const Awaiting&) = delete;
  Awaiting& operator=(const Awaiting&) = delete;

 private:
  void tell() {
    const auto fetch = state_.fetch.lock();
    if (!fetch) return;
    fetch->why.awaited = state_.awaiting > 0;
    if (fetch->why.awaited) fetch->why.priority = std::max(fetch->why.priority, Priority::metadata);
  }
  DirectoryState& state_;
};

}  // namespace

ListingCache::ListingCache(Storage& group, std::size_t member_count, GroupOptions group_options,
                           MetadataOptions options, Executor executor, Clock& clock,
                           ListingListener* listener)
    : group_(group),
      group_options_(std::move(group_options)),
      options_(options),
      clock_(clock),
      listener_(listener),
      table_(member_count, group_options_.identity),
      survey_(member_count),
      lagging_(member_count, false),
      foresight_(*this),
      scope_(std::move(executor)) {
  BALANCEFS_CHECK(member_count > 0);
}

ListingCache::~ListingCache() = default;

Task<void> ListingCache::close() {
  closing_ = true;
  table_.wake_all();
  co_await scope_.close();
  tell_unwritten();
}

Task<Result<std::shared_ptr<const Directory>>> ListingCache::list(Path directory) {
  const State state = use(directory);
  program_lists(directory);
  const TimePoint asked = now();
  co_await bring_up_to_date(state, false, asked);
  co_return co_await list_now(state, asked);
}

Task<Result<Beginning>> ListingCache::begin(Path directory) {
  const State state = use(directory);
  program_lists(directory);
  const TimePoint asked = now();
  co_await bring_up_to_date(state, false, asked, true);
  Beginning begun;
  begun.names = first_names(*state);
  if (!begun.names.empty()) co_return begun;
  const auto whole = co_await list_now(state, asked);
  if (!whole) co_return std::unexpected<Error>(whole.error());
  begun.whole = *whole;
  co_return begun;
}

std::vector<FirstName> ListingCache::first_names(const DirectoryState& state) const {
  const auto fetch = state.fetch.lock();
  if (!fetch || !blocks(*fetch) || state.any_known(now(), options_)) return std::vector<FirstName>();
  return fetch->first_names();
}

Task<Result<std::shared_ptr<const Directory>>> ListingCache::list_now(State state, TimePoint asked) {
  const Path directory = state->path();
  if (state->any_listed(now(), options_)) {
    state->served = true;
    program_listed(directory);
    co_return state->snapshot(now(), options_);
  }
  const bool absent = state->all_known(now(), options_) && !directory.is_root();
  if (!absent) co_return std::unexpected<Error>(failure(*state, directory));
  // Every member answered 404: believed when the parent's listing agrees.
  const Result<DirectoryEntry> self = co_await look_up(directory, asked);
  if (!self) co_return std::unexpected<Error>(self.error());
  if (self->info.type == ObjectType::file)
    co_return fail(ErrorKind::not_found, shown(directory) + ": not a directory");
  co_return fail(ErrorKind::unavailable, shown(directory) + ": listed by its parent, but members answer 404");
}

Task<Result<DirectoryEntry>> ListingCache::lookup(Path path) {
  return look_up(std::move(path), now());
}

Task<Result<DirectoryEntry>> ListingCache::look_up(Path path, TimePoint asked) {
  BALANCEFS_CHECK(!path.is_root());
  const State state = use(path.parent());
  co_await recall(state);
  // One wait: what came meanwhile answers, also where it leaves a doubt. A second one would go beyond the
  // bound.
  const bool missing = !state->find(path.name(), now(), options_);
  co_await bring_up_to_date(state, missing, asked);
  co_return co_await find_in(state, path, asked);
}

Task<Result<DirectoryEntry>> ListingCache::find_in(State state, Path path, TimePoint asked) {
  state->served = true;
  std::optional<DirectoryEntry> entry = state->find(path.name(), now(), options_);
  if (!entry) co_return co_await missing_in(state, path, asked);
  co_return co_await with_exact_size(state, path, std::move(*entry), asked);
}

Task<Result<DirectoryEntry>> ListingCache::missing_in(State state, Path path, TimePoint asked) {
  if (!state->proves_absence(now(), options_)) co_return std::unexpected<Error>(failure(*state, path));
  const bool parent_absent = !state->any_listed(now(), options_);
  if (parent_absent && !state->path().is_root()) {
    const Result<DirectoryEntry> parent = co_await look_up(state->path(), asked);
    const bool believed =
        !parent ? parent.error().kind == ErrorKind::not_found : parent->info.type == ObjectType::file;
    if (!believed && !parent) co_return std::unexpected<Error>(parent.error());
    if (!believed)
      co_return fail(ErrorKind::unavailable, shown(path) + ": members answer 404 for a listed folder");
  }
  co_return fail(ErrorKind::not_found, shown(path) + ": not listed");
}

Task<void> ListingCache::bring_up_to_date(State state, bool name_missing, TimePoint asked,
                                          bool names_suffice) {
  co_await recall(state);
  const Use use = decide(state->held(now(), options_), name_missing, now(), options_);
  if (use == Use::serve || closing_) co_return;
  if (use == Use::revalidate) co_return revalidate(state);
  start_fetch(state);
  const Duration most = use == Use::refetch ? options_.patience : options_.timeout;
  co_await wait_for_fetch(state, asked + most, names_suffice);
}

Task<void> ListingCache::wait_for_fetch(State state, TimePoint deadline, bool names_suffice) {
  const Awaiting awaiting(*state);
  while (!closing_) {
    {
      const auto fetch = state->fetch.lock();
      if (!fetch || !blocks(*fetch)) co_return;
    }
    if (names_suffice && !first_names(*state).empty()) co_return;
    const bool woken = co_await state->changed.wait_until(clock_, deadline);
    if (woken) continue;
    mark_lagging(*state);
    co_return;
  }
}

bool ListingCache::blocks(const Fetch& fetch) const {
  const bool somebody = fetch.answered() > 0;
  for (MemberIndex m = 0; m < lagging_.size(); ++m) {
    if (fetch.answer(m) != Fetch::Answer::pending || fetch.state().words()[m].elsewhere) continue;
    const bool excused = lagging_[m] && (somebody || fetch.state().counts(m, now(), options_));
    if (!excused) return true;
  }
  return false;
}

/// A request that began when most of somebody's bound was gone has missed nothing yet: the next question
/// waits for it.
bool ListingCache::has_missed_a_bound(TimePoint started) const {
  return now() - started >= options_.patience / 2;
}

void ListingCache::mark_lagging(DirectoryState& state) {
  const auto late = state.fetch.lock();
  if (!late || !has_missed_a_bound(late->started())) return;
  for (MemberIndex m = 0; m < lagging_.size(); ++m) {
    if (late->answer(m) != Fetch::Answer::pending || lagging_[m]) continue;
    lagging_[m] = true;
    log_warning("{}: slow to list {}; not waited for where another answer is known, until it answers",
                member_name(m), shown(state.path()));
  }
  for (Fetch* fetch : fetches_) {
    settle(*fetch);
    fetch->state().changed.wake_all();
  }
}

Error ListingCache::failure(const DirectoryState& state, const Path& path) const {
  if (closing_) return Error(ErrorKind::cancelled, shown(path) + ": closing");
  if (!state.last_error) return Error(ErrorKind::timed_out, shown(path) + ": no answer yet");
  Error error = *state.last_error;
  // A 404 that is not believed proves nothing, and with answers at hand one member's reason is not the
  // path's.
  const bool own_reason = error.kind != ErrorKind::not_found && error.kind != ErrorKind::cancelled;
  if (!own_reason || state.any_known(now(), options_)) error.kind = ErrorKind::unavailable;
  return error;
}

Duration ListingCache::fresh_for(const Path& directory) const {
  const State state = table_.peek(directory);
  if (!state) return Duration(0);
  const Held held = state->held(now(), options_);
  if (is_fresh(held, now(), options_)) return *held.fresh_from + options_.ttl - now();
  const bool served = held.fresh_from && !held.expired && now() - *held.fresh_from <= options_.max_stale;
  return served && !state->fetch.expired() ? kWhileRevalidated : Duration(0);
}

bool ListingCache::proves_absence(const Path& directory) const {
  const State state = table_.peek(directory);
  return state && is_fresh(state->held(now(), options_), now(), options_);
}

bool ListingCache::still_lists(const Path& directory, const Directory& snapshot, std::size_t index) const {
  const State state = table_.peek(directory);
  if (!state) return false;
  if (state->is_current(snapshot, options_)) return true;
  return state->find(snapshot.name(index), now(), options_) == snapshot.entry(index);
}

std::vector<std::string> ListingCache::divergent_paths() const {
  std::vector<std::string> paths;
  table_.for_each([&](const DirectoryState& state) {
    for (const std::string& name : state.divergent) paths.push_back(state.path().child(name).str());
  });
  std::sort(paths.begin(), paths.end());
  return paths;
}

std::vector<MemberIndex> ListingCache::emptied_members() const {
  std::vector<MemberIndex> members;
  const State root = table_.peek(Path());
  for (MemberIndex m = 0; root && m < lagging_.size(); ++m) {
    if (root->words()[m].doubted_since) members.push_back(m);
  }
  return members;
}

std::string ListingCache::shown(const Path& path) const {
  return fmt::format("{}/{}", group_.traits().name, path.str());
}

const std::string& ListingCache::member_name(MemberIndex member) const {
  const StorageTraits& traits = group_.traits();
  return member < traits.members.size() ? traits.members[member] : traits.name;
}

}  // namespace balancefs
