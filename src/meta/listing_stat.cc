// One file alone: exact sizes where a listing rounds, and the small question before an open.
//
// A stat corrects the size of its row. Everything else that it contradicts makes the listing be asked again:
// the listing's validator names versions, and other members may have changed in the same way.
#include <algorithm>

#include "base/log.h"
#include "meta/listing_cache.h"

namespace balancefs {

struct ListingCache::StatCall {
  StatCall(Path file, const DirectoryEntry& entry, TimePoint at)
      : path(std::move(file)), authority(entry.info.member), started(at), why(Priority::metadata) {
    for (const ObjectInfo& copy : entry.copies) why.ask.push_back(copy.member);
  }
  Path path;
  MemberIndex authority;
  TimePoint started;
  RequestContext why;
  std::optional<Result<ObjectInfo>> result;
  bool contradicts = false;  ///< the listing is out of date
  bool outdated = false;     ///< a refresh came since it was asked: its answer proves nothing
  WaitList ended;
};

namespace {

/// A file that changes while it is asked for (an upload under way) is asked for once more.
constexpr int kMostStats = 2;

/// Whether a stat says that the file changed since it was listed. Compared with the stat before where the row
/// is still the one of then; else with the listing, whose times may be coarser or in another time zone: that
/// costs one listing more, once.
bool contradicts_listing(const MemberListing& listing, std::string_view name, const ObjectInfo& stat) {
  const std::optional<ObjectInfo> row = listing.find(name);
  if (!row || row->type != stat.type) return true;
  if (row->size_kind == SizeKind::exact && row->size != stat.size) return true;
  if (!sizes_may_match(*row, stat)) return true;
  const StatNote* note = listing.note(name);
  return note != nullptr ? note->validator.contradicts(stat.validator)
                         : row->validator.contradicts(stat.validator);
}

}  // namespace

void ListingCache::outdate_stats(const std::function<bool(const Path&)>& within) {
  for (auto call = stats_.begin(); call != stats_.end();) {
    const bool hit = within(call->second->path.parent());
    call->second->outdated = call->second->outdated || hit;
    call = hit ? stats_.erase(call) : std::next(call);
  }
}

std::shared_ptr<ListingCache::StatCall> ListingCache::start_stat(const Path& path,
                                                                 const DirectoryEntry& entry) {
  const auto running = stats_.find(path.str());
  if (running != stats_.end()) return running->second;
  auto call = std::make_shared<StatCall>(path, entry, now());
  call->why.id = ++last_id_;
  call->why.deadline = now() + options_.timeout;
  if (closing_) {
    call->result.emplace(fail(ErrorKind::cancelled, shown(path) + ": closing"));
    return call;
  }
  stats_.emplace(path.str(), call);
  scope_.spawn(run_stat(call));
  return call;
}

Task<void> ListingCache::run_stat(std::shared_ptr<StatCall> call) {
  Result<ObjectInfo> result = co_await group_.stat(call->path, call->why);
  call->result.emplace(std::move(result));
  if (!call->outdated) {
    stats_.erase(call->path.str());
    take_stat(*call);
  }
  call->ended.wake_all();
}

void ListingCache::take_stat(StatCall& call) {
  const State state = table_.peek(call.path.parent());
  const Result<ObjectInfo>& result = *call.result;
  if (!result) {
    log_debug("{}: {} ({})", shown(call.path), result.error().text, to_string(result.error().kind));
    call.contradicts = result.error().kind == ErrorKind::not_found;
    return;
  }
  const MemberIndex member = result->member;
  if (!state || member >= lagging_.size()) return;
  lagging_[member] = false;
  const MemberListing& listing = state->words()[member].listing;
  call.contradicts = contradicts_listing(listing, call.path.name(), *result);
  // A size of another state of the file would stand beside the listed validator of this one.
  const RowIndex row = listing.row_of(call.path.name());
  if (row == kNoRow || result->type != ObjectType::file || !sizes_may_match(listing.info(row), *result))
    return;
  state->take_stat(member, call.path.name(), now(), *result, [&](const EntryChange& change) {
    report_divergence(*state, change, true);
    if (is_news(change)) tell(*state, std::vector<std::string_view>(1, change.name));
  });
  keep(state);
}

Task<bool> ListingCache::wait_for_stat(std::shared_ptr<StatCall> call, TimePoint deadline) {
  while (!call->result && !closing_) {
    const bool woken = co_await call->ended.wait_until(clock_, deadline);
    if (woken || call->result) continue;
    if (has_missed_a_bound(call->started)) lagging_[call->authority] = true;
    co_return false;
  }
  co_return call->result.has_value();
}

/// The entry with the size that `stat` gives, where it may be the same file's: of another member while the
/// authority does not answer.
static std::optional<DirectoryEntry> sized_by(DirectoryEntry entry, const Result<ObjectInfo>& stat) {
  if (entry.info.type == ObjectType::directory || entry.info.size_kind == SizeKind::exact) return entry;
  if (!stat || stat->type != ObjectType::file || !sizes_may_match(entry.info, *stat)) return std::nullopt;
  entry.info.size = stat->size;
  entry.info.size_kind = stat->size_kind;
  entry.copies.front() = entry.info;
  return entry;
}

Task<Result<DirectoryEntry>> ListingCache::with_exact_size(State state, Path path, DirectoryEntry entry,
                                                           TimePoint asked) {
  // An answer without a size is none.
  const TimePoint last = asked + options_.timeout;
  std::optional<DirectoryEntry> found = std::move(entry);
  for (int round = 0; round < kMostStats; ++round) {
    if (found->info.type == ObjectType::directory || found->info.size_kind == SizeKind::exact)
      co_return *found;
    const auto call = start_stat(path, *found);
    const bool ended = co_await wait_for_stat(call, last);
    if (!ended) co_return fail(ErrorKind::timed_out, shown(path) + ": no answer about its size");
    if (call->contradicts) {
      expire(state->path());
      co_await bring_up_to_date(state, true, std::min(now(), last - options_.patience));
    }
    found = state->find(path.name(), now(), options_);
    if (!found) co_return co_await missing_in(state, path, asked);
    if (auto sized = sized_by(*found, *call->result)) co_return std::move(*sized);
    if (!*call->result && call->result->error().kind != ErrorKind::not_found) {
      co_return std::unexpected<Error>(call->result->error());
    }
  }
  co_return fail(ErrorKind::unavailable, shown(path) + ": its size is not known");
}

bool ListingCache::asked_lately(const DirectoryState& state, const DirectoryEntry& entry) const {
  const StatNote* note = state.words()[entry.info.member].listing.note(entry.name);
  return note != nullptr && !note->outdated && now() - note->at <= options_.ttl;
}

Task<Result<DirectoryEntry>> ListingCache::refresh_for_open(Path path) {
  BALANCEFS_CHECK(!path.is_root());
  const State state = use(path.parent());
  const TimePoint asked = now();
  co_await recall(state);
  const auto entry = state->find(path.name(), now(), options_);
  const bool ask_for_it = entry && entry->info.type == ObjectType::file && !state->expired;
  if (!ask_for_it || proves_absence(state->path())) co_return co_await look_up(path, asked);
  if (asked_lately(*state, *entry)) co_return co_await find_in(state, path, asked);
  const TimePoint deadline = asked + options_.patience;
  const auto call = start_stat(path, *entry);
  // A member that lags is asked, but not waited for.
  const bool wait = !lagging_[entry->info.member];
  if (wait) co_await wait_for_stat(call, deadline);
  if (wait && call->result && call->contradicts) {
    expire(state->path());
    start_fetch(state);
    co_await wait_for_fetch(state, deadline);
  }
  co_return co_await find_in(state, path, asked);
}

}  // namespace balancefs
