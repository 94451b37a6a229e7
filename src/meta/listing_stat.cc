// One file alone: exact sizes where a listing rounds, and the small question before an open.
//
// A stat corrects the size of its row. Everything else that it contradicts makes the listing be asked again:
// the listing's validator names versions, and other members may have changed in the same way.
#include <algorithm>

#include "meta/listing_cache.h"

namespace balancefs {

struct ListingCache::StatCall {
  StatCall(Path file, std::string under, std::vector<MemberIndex> ask, TimePoint at)
      : path(std::move(file)),
        key(std::move(under)),
        first(ask.front()),
        started(at),
        why(Priority::metadata) {
    why.ask = std::move(ask);
  }
  Path path;
  std::string key;    ///< in stats_
  MemberIndex first;  ///< to be asked
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
  std::vector<MemberIndex> ask;
  for (const ObjectInfo& copy : entry.copies) ask.push_back(copy.member);
  return start_call(path, path.str(), std::move(ask), false);
}

std::shared_ptr<ListingCache::StatCall> ListingCache::start_call(const Path& path, std::string key,
                                                                 std::vector<MemberIndex> ask,
                                                                 bool checksums) {
  const auto running = stats_.find(key);
  if (running != stats_.end()) return running->second;
  auto call = std::make_shared<StatCall>(path, std::move(key), std::move(ask), now());
  call->why.checksums = checksums;
  call->why.deadline = now() + options_.timeout;
  if (closing_) {
    call->result.emplace(fail(ErrorKind::cancelled, shown(path) + ": closing"));
    return call;
  }
  stats_.emplace(call->key, call);
  scope_.spawn(run_stat(call));
  return call;
}

Task<void> ListingCache::run_stat(std::shared_ptr<StatCall> call) {
  Result<ObjectInfo> result = co_await group_.stat(call->path, call->why);
  call->result.emplace(std::move(result));
  if (!call->outdated) {
    stats_.erase(call->key);
    take_stat(*call);
  }
  call->ended.wake_all();
}

void ListingCache::take_stat(StatCall& call) {
  const State state = table_.peek(call.path.parent());
  const Result<ObjectInfo>& result = *call.result;
  if (!result) {
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
  state->take_stat(member, call.path.name(), now(), *result, call.why.checksums,
                   [&](const EntryChange& change) {
                     report_divergence(*state, change, true);
                     if (is_news(change)) tell(*state, std::vector<std::string_view>(1, change.name));
                   });
  keep(state);
}

Task<bool> ListingCache::wait_for_stat(std::shared_ptr<StatCall> call, TimePoint deadline) {
  while (!call->result && !closing_) {
    const bool woken = co_await call->ended.wait_until(clock_, deadline);
    if (woken || call->result) continue;
    if (has_missed_a_bound(call->started)) lagging_[call->first] = true;
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
  const TimePoint asked = now();
  Result<DirectoryEntry> entry = co_await refreshed(path, asked);
  co_return co_await with_checksums(path, std::move(entry), asked);
}

Task<Result<DirectoryEntry>> ListingCache::refreshed(Path path, TimePoint asked) {
  BALANCEFS_CHECK(!path.is_root());
  const State state = use(path.parent());
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

// ---- checksums ------------------------------------------------------------------------------------------

/// One request for each member whose checksums are missing for a verdict: each is asked once for a file that
/// its listing shows as it was.
std::vector<std::shared_ptr<ListingCache::StatCall>> ListingCache::ask_for_checksums(const State& state,
                                                                                     const Path& path) {
  const std::vector<MemberVerdict> members = state->decide(path.name(), now(), options_);
  const auto undecided = [](const MemberVerdict& member) {
    return member.verdict.kind == IdentityVerdict::Kind::no_checksum;
  };
  std::vector<std::shared_ptr<StatCall>> calls;
  if (std::ranges::none_of(members, undecided)) return calls;
  for (MemberIndex m = 0; m < members.size(); ++m) {
    if (!undecided(members[m]) && members[m].verdict.kind != IdentityVerdict::Kind::authority) continue;
    if (state->words()[m].failed) continue;  // its trouble is nothing to wait for
    const StatNote* note = state->words()[m].listing.note(path.name());
    if (note != nullptr && note->asked_checksums && !note->outdated) continue;
    std::string key = path.str() + '\0' + std::to_string(m);
    calls.push_back(start_call(path, std::move(key), std::vector<MemberIndex>(1, m), true));
  }
  return calls;
}

Task<Result<DirectoryEntry>> ListingCache::with_checksums(Path path, Result<DirectoryEntry> entry,
                                                          TimePoint asked) {
  const bool decided = group_options_.identity != IdentityRule::checksum || !entry ||
                       entry->info.type == ObjectType::directory;
  if (decided) co_return entry;
  const TimePoint deadline = asked + options_.patience;
  const State state = use(path.parent());
  bool learnt = false;
  for (int round = 0; round < kMostStats; ++round) {
    const auto calls = ask_for_checksums(state, path);
    bool contradicts = false;
    for (const auto& call : calls) {
      // A member that lags is asked, but not waited for.
      if (!lagging_[call->first]) co_await wait_for_stat(call, deadline);
      learnt = learnt || call->result;
      contradicts = contradicts || call->contradicts;
    }
    if (!contradicts) break;
    expire(state->path());
    start_fetch(state);
    co_await wait_for_fetch(state, deadline);
  }
  if (!learnt) co_return entry;
  co_return co_await find_in(state, path, asked);
}

Task<Result<IdentityDecision>> ListingCache::identity(Path path) {
  const TimePoint asked = now();
  Result<DirectoryEntry> entry = co_await look_up(path, asked);
  entry = co_await with_checksums(path, std::move(entry), asked);
  if (!entry) co_return std::unexpected<Error>(entry.error());
  IdentityDecision decision;
  decision.rule = group_options_.identity;
  decision.authority = entry->info;
  decision.members = use(path.parent())->decide(path.name(), now(), options_);
  co_return decision;
}

}  // namespace balancefs
