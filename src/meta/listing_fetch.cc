// Requests of the listing cache, and what the members' answers do to what is held.
#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"
#include "meta/listing_cache.h"

namespace balancefs {
namespace {

/// After a try without success the last answer serves for this long: a program that walks a tree asks
/// thousands of times a second. Well below the shortest time that a member stays open (5 s).
constexpr Duration kRetryAfter = std::chrono::seconds(2);

/// Of one listing; a member with other files altogether would fill the log.
constexpr std::size_t kMostDivergenceLines = 10;

}  // namespace

bool ListingCache::should_start(const DirectoryState& state) const {
  if (closing_) return false;
  const auto running = state.fetch.lock();
  return !running || running->outdated() || !blocks(*running);
}

std::vector<MemberIndex> ListingCache::members_to_ask(const DirectoryState& state) const {
  std::vector<bool> busy(lagging_.size(), false);
  for (const Fetch* fetch : fetches_) {
    if (&fetch->state() != &state || fetch->outdated()) continue;
    for (MemberIndex m = 0; m < busy.size(); ++m) {
      if (fetch->answer(m) == Fetch::Answer::pending) busy[m] = true;
    }
  }
  std::vector<MemberIndex> free;
  for (MemberIndex m = 0; m < busy.size(); ++m) {
    if (!busy[m] && !state.words()[m].elsewhere) free.push_back(m);
  }
  return free;
}

void ListingCache::start_fetch(const State& state, For whom) {
  if (!should_start(*state)) return;
  std::vector<MemberIndex> asked = members_to_ask(*state);
  if (whom == For::foresight) std::erase_if(asked, [&](MemberIndex m) { return lagging_[m]; });
  if (asked.empty()) return;
  FetchOwner& self = *this;
  auto fetch = std::make_shared<Fetch>(self, ++last_id_, state, now());
  fetch->why.awaited = state->awaiting > 0;
  if (whom == For::foresight && !fetch->why.awaited) fetch->why.priority = Priority::prefetch;
  fetch->why.deadline = now() + options_.request_timeout;
  if (asked.size() < lagging_.size()) {
    fetch->why.ask = asked;
    for (MemberIndex m = 0; m < lagging_.size(); ++m) {
      if (std::find(asked.begin(), asked.end(), m) == asked.end()) fetch->skip(m);
    }
  }
  fetches_.insert(fetch.get());
  state->fetch = fetch;
  state->last_error.reset();
  scope_.spawn(run_fetch(std::move(fetch)));
}

Task<void> ListingCache::run_fetch(std::shared_ptr<Fetch> fetch) {
  // What was known before is what an answer is judged by.
  co_await recall(fetch->shared_state());
  const Result<void> outcome = co_await group_.list(fetch->directory(), *fetch, fetch->why);
  fetch->finish(outcome);
}

void ListingCache::fetch_gone(Fetch& fetch) {
  fetches_.erase(&fetch);
  fetch.state().changed.wake_all();
  revalidate_next();
}

void ListingCache::member_answered(Fetch& fetch, MemberIndex member, const Result<void>& outcome) {
  // Whatever the group says of a member that it was told to leave out is no word of that member.
  if (!outcome && fetch.answer(member) == Fetch::Answer::not_asked) return;
  if (overtaken(fetch, member)) {
    ended(fetch, member, outcome ? Fetch::Answer::answered : Fetch::Answer::failed);
  } else if (outcome) {
    take_listing(fetch, member);
  } else if (outcome.error().kind == ErrorKind::not_found) {
    take_missing(fetch, member, outcome.error());
  } else {
    take_failure(fetch, member, outcome.error());
  }
}

bool ListingCache::overtaken(const Fetch& fetch, MemberIndex member) const {
  const MemberWord& word = fetch.state().words()[member];
  return word.elsewhere || fetch.id() < word.believed;
}

void ListingCache::take_listing(Fetch& fetch, MemberIndex member) {
  lagging_[member] = false;
  MemberListing listing = fetch.take_listing(member);
  const MemberWord& word = fetch.state().words()[member];
  const Belief belief = word.trusts(fetch.id())
                            ? Belief::believe
                            : judge_listing(word.listing, listing, fetch.directory().is_root(),
                                            word.doubted_since, fetch.started(), options_);
  switch (belief) {
    case Belief::believe:
      return believe(fetch, member, MemberWord::Kind::listed, std::move(listing));
    case Belief::doubt:
      return doubt(fetch, member, listing.empty());
    case Belief::check_root:
      scope_.spawn(confirm_vanished(fetch.shared_from_this(), member, std::move(listing)));
      return;
  }
}

void ListingCache::take_missing(Fetch& fetch, MemberIndex member, const Error& error) {
  const Path& directory = fetch.directory();
  const bool listed_before = fetch.state().words()[member].kind == MemberWord::Kind::listed;
  switch (judge_missing(directory.is_root(), listed_before, parent_says_by_now(directory, member))) {
    case Missing::failure:
      return take_failure(fetch, member, error);
    case Missing::absent:
      lagging_[member] = false;
      return believe(fetch, member, MemberWord::Kind::absent, MemberListing());
    case Missing::ask_parent:
      lagging_[member] = false;
      scope_.spawn(confirm_absence(fetch.shared_from_this(), member));
      return;
  }
}

void ListingCache::take_failure(Fetch& fetch, MemberIndex member, const Error& error) {
  DirectoryState& state = fetch.state();
  if (!fetch.unasked()) state.words()[member].failed = true;
  if (!state.last_error || state.last_error->kind == ErrorKind::not_found) state.last_error = error;
  state.forget_snapshot();
  ended(fetch, member, Fetch::Answer::failed);
}

void ListingCache::doubt(Fetch& fetch, MemberIndex member, bool empty) {
  MemberWord& word = fetch.state().words()[member];
  if (!word.doubted_since) {
    word.doubted_since = now();
    log_warning("{}: {} lists none of its {} known names any more; {}", member_name(member),
                shown(fetch.directory()), word.listing.size(),
                fetch.directory().is_root() && empty
                    ? "the last good listing stays until `balancefs refresh` confirms it"
                    : "not believed before a second listing agrees");
  }
  word.failed = true;
  keep(fetch.shared_state());
  ended(fetch, member, Fetch::Answer::failed);
}

void ListingCache::believe(Fetch& fetch, MemberIndex member, MemberWord::Kind kind, MemberListing listing) {
  DirectoryState& state = fetch.state();
  MemberWord& word = state.words()[member];
  // What failed or was doubted since is no better for an older answer.
  if (fetch.id() >= word.heard) {
    word.failed = false;
    word.doubted_since.reset();
  }
  if (word.trusts(fetch.id())) word.trust_after.reset();
  word.believed = fetch.id();
  word.unproven = false;
  word.answered_at = now();
  const DirectoryChange change = state.take(member, kind, std::move(listing));
  table_.recount(state);
  keep(fetch.shared_state());
  ended(fetch, member, Fetch::Answer::answered);
  publish(state, change);
}

void ListingCache::ended(Fetch& fetch, MemberIndex member, Fetch::Answer answer) {
  fetch.end(member, answer);
  MemberWord& word = fetch.state().words()[member];
  word.heard = std::max(word.heard, fetch.id());
  settle(fetch);
  fetch.state().changed.wake_all();
}

/// Not everybody answered. A request ahead of programs that brought nothing leaves no trace: theirs may.
void ListingCache::pause_asking(const Fetch& fetch) {
  DirectoryState& state = fetch.state();
  if (fetch.unasked() && fetch.answered() == 0) return;
  for (MemberIndex m = 0; m < lagging_.size(); ++m) {
    if (fetch.answer(m) == Fetch::Answer::failed) state.words()[m].failed = true;
  }
  state.retry_at = now() + (fetch.unasked() ? kRetryAfter : retry_pause(state));
}

Duration ListingCache::retry_pause(const DirectoryState& state) const {
  for (const MemberWord& word : state.words()) {
    if (word.failed && !word.doubted_since) return kRetryAfter;
  }
  return options_.vanish_confirmation;
}

void ListingCache::settle(Fetch& fetch) {
  DirectoryState& state = fetch.state();
  if (fetch.outdated() || fetch.id() < state.fresh_by || blocks(fetch)) return;
  const auto youngest = state.fetch.lock();
  if (fetch.answered() == 0 || !state.all_known(now(), options_)) {
    if (youngest.get() == &fetch) pause_asking(fetch);
    return;
  }
  TimePoint oldest = now();
  for (MemberIndex m = 0; m < lagging_.size(); ++m) {
    if (fetch.answer(m) == Fetch::Answer::answered) oldest = std::min(oldest, state.words()[m].answered_at);
  }
  state.fresh_from = oldest;
  state.fresh_by = fetch.id();
  state.expired = false;
  state.forget_snapshot();
  keep(fetch.shared_state());
}

/// A folder that stays one keeps its node, and what the kernel knows of its times runs out by itself. Taking
/// its name away would take the working folder from programs in it, and unmount what is mounted below.
static bool stays_directory(const EntryChange& change, const std::optional<InfoView>& after) {
  return change.before && after && change.before->type == ObjectType::directory &&
         after->type == ObjectType::directory;
}

void ListingCache::publish(DirectoryState& state, const DirectoryChange& changes) {
  const bool heard = listener_ != nullptr && state.served;
  if (lagging_.size() == 1 && !heard) return;  // nothing to differ from, and nobody to tell
  std::size_t fresh = 0;
  std::vector<std::string_view> news;
  changes.for_each([&](const EntryChange& change) {
    survey(changes.member(), change);
    if (report_divergence(state, change, fresh < kMostDivergenceLines)) ++fresh;
    if (heard && is_news(change)) news.push_back(change.name);
  });
  tell(state, std::move(news));
  if (fresh > kMostDivergenceLines) {
    log_warning("{}: {} more files differ between members", shown(state.path()),
                fresh - kMostDivergenceLines);
  }
  for (MemberIndex m = 0; m < lagging_.size(); ++m) {
    if (!survey_.should_warn(m)) continue;
    log_warning("{}: sizes differ from the other members of {} for most files; is it the same content?",
                member_name(m), group_.traits().name);
  }
}

void ListingCache::survey(MemberIndex member, const EntryChange& change) {
  if (!change.after.exists()) return;
  const InfoView authority = change.after.authority();
  for (MemberIndex m = 0; m < lagging_.size(); ++m) {
    if (m == authority.member || (m != member && member != authority.member)) continue;
    if (change.after.has(m)) survey_.count(authority, change.after.info(m));
  }
}

bool ListingCache::is_news(const EntryChange& change) {
  std::optional<InfoView> after;
  if (change.after.exists()) after = change.after.authority();
  return !stays_directory(change, after) && looks_different(change.before, after);
}

void ListingCache::tell(const DirectoryState& state, std::vector<std::string_view> names) {
  if (listener_ == nullptr || !state.served || names.empty()) return;
  listener_->entries_changed(state.path(), std::move(names));
}

/// Whether the name's copies differ now and did not before.
bool ListingCache::report_divergence(DirectoryState& state, const EntryChange& change, bool in_log) {
  const auto differs = change.after.exists() ? change.after.first_divergent() : std::nullopt;
  if (!differs) {
    const auto known = state.divergent.find(change.name);
    if (known != state.divergent.end()) state.divergent.erase(known);
    return false;
  }
  if (!state.divergent.emplace(change.name).second) return false;
  if (in_log) {
    log_warning("{}: {} differs from {}'s and is not read there", member_name(*differs),
                shown(state.path().child(change.name)), member_name(change.after.authority().member));
  }
  return true;
}

}  // namespace balancefs
