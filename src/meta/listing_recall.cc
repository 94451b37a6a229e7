// What was known of a directory before: kept in the metadata store over restarts, and when memory had no
// room.
//
// A directory is asked for once, before anything is decided about it; equal questions share the wait. While
// the disk hangs one directory alone is asked for, and the others with their next use after that. What
// has come from members meanwhile counts, and what was kept only fills in for members that have said nothing.
// Its age is what the wall clock says, so that it is fresh, served and revalidated, or asked for first as if
// the daemon had run on.
#include "base/log.h"
#include "meta/listing_cache.h"

namespace balancefs {

void ListingCache::keep_in(GroupStore& store) {
  BALANCEFS_CHECK(store.members() == lagging_.size());
  kept_ = &store;
  table_.when_unwritten_goes([this] {
    if (keeps_) kept_->missed();
  });
}

/// At the end.
void ListingCache::tell_unwritten() {
  bool unwritten = false;
  table_.for_each([&](const DirectoryState& state) { unwritten = unwritten || state.unwritten(); });
  if (kept_ != nullptr && keeps_ && unwritten) kept_->missed();
}

void ListingCache::keep(const State& state) {
  if (kept_ == nullptr || !keeps_) return;
  // Not before it is known what the store has: what it has beside would be lost.
  if (state->recall == DirectoryState::Recall::done) return kept_->changed(state);
  state->keep_later = true;
}

Task<void> ListingCache::recall(State state) {
  using Recall = DirectoryState::Recall;
  if (kept_ == nullptr || state->recall == Recall::done || closing_) co_return;
  if (state->recall == Recall::not_asked) {
    if (!kept_->readable()) co_return;
    auto leave = kept_->leave_to_load();
    if (leave == nullptr) co_return;
    state->recall = Recall::asked;
    state->recall_by = now() + GroupStore::kLongestWait;
    scope_.spawn(run_recall(state, std::move(leave)));
  }
  while (state->recall == Recall::asked && !closing_ && kept_->prompt()) {
    const bool woken = co_await state->changed.wait_until(clock_, state->recall_by);
    if (woken || state->recall == Recall::done) continue;
    kept_->set_prompt(false);
    log_warning("metadata: what was kept of {} does not come; listings go on without until the disk answers",
                shown(state->path()));
    table_.wake_all();
  }
}

Task<void> ListingCache::run_recall(State state, std::shared_ptr<const void> leave) {
  Result<KeptDirectory> kept = co_await kept_->load(state->path());
  leave.reset();
  state->recall = DirectoryState::Recall::done;
  if (now() <= state->recall_by) kept_->set_prompt(true);
  if (kept) take_kept(*state, std::move(*kept));
  if (std::exchange(state->keep_later, false)) keep(state);
  state->changed.wake_all();
}

void ListingCache::take_kept(DirectoryState& state, KeptDirectory kept) {
  const WallTimes times = kept_->times();
  const bool untouched = !state.served && !state.any_known(now(), options_);
  const bool refreshed = kept.expiry == DirectoryExpiry::refreshed;
  if (state.changed_copies().empty()) state.restore(std::move(kept.changed));
  for (KeptWord& word : kept.words) {
    const MemberIndex member = word.member;
    const bool unproven = word.word.unproven || kept.maybe_outdated;
    if (state.words()[member].kind == MemberWord::Kind::unknown) {
      take_kept_word(state, std::move(word), times, untouched);
      state.words()[member].unproven = unproven;
    } else if (!refreshed) {
      judge_by_kept(state, std::move(word));
    }
  }
  table_.recount(state);
  if (untouched && lagging_.size() > 1) state.find_divergent();
  if (!state.fresh_from) state.fresh_from = fresh_by_kept(kept, times);
  if (kept.expiry == DirectoryExpiry::none) return;
  state.expired = true;
  if (kept.expiry != DirectoryExpiry::refreshed) return;
  for (MemberWord& word : state.words()) word.trust_after = last_id_;
}

std::optional<TimePoint> ListingCache::fresh_by_kept(const KeptDirectory& kept,
                                                     const WallTimes& times) const {
  if (!kept.fresh_from) return std::nullopt;
  std::optional<TimePoint> from = times.steady(*kept.fresh_from);
  if (!from) return std::nullopt;
  // Shown and revalidated, but too old to prove that a name is absent.
  if (kept.maybe_outdated) from = std::min(*from, now() - options_.ttl - Duration(1));
  if (!kept.of_earlier_run) return from;
  // A storage that was not configured then and is again has not been asked since its own word.
  for (const KeptWord& word : kept.words) {
    from = std::min(*from, times.steady(word.word.answered_at).value_or(times.long_ago()));
  }
  return from;
}

/// The member answered before it was known what it had. A listing that would not have been believed at once
/// (judge_listing) is not believed now either.
void ListingCache::judge_by_kept(DirectoryState& state, KeptWord kept) {
  MemberWord& word = state.words()[kept.member];
  const bool vanished =
      word.kind == MemberWord::Kind::listed && kept.word.listed && looks_vanished(kept.listing, word.listing);
  if (!vanished) return;
  log_warning(
      "{}: {} lists none of the {} names any more that it had before; not believed before a second "
      "listing agrees",
      member_name(kept.member), shown(state.path()), kept.listing.size());
  const DirectoryChange change = state.take(kept.member, MemberWord::Kind::listed, std::move(kept.listing));
  word.failed = true;
  word.doubted_since = now();
  word.kept = kept.word.listing;
  state.expired = true;
  publish(state, change);
}

/// `untouched`: nobody was told anything of the directory, so that nothing is to be compared.
void ListingCache::take_kept_word(DirectoryState& state, KeptWord kept, const WallTimes& times,
                                  bool untouched) {
  MemberWord& word = state.words()[kept.member];
  const auto kind = kept.word.listed ? MemberWord::Kind::listed : MemberWord::Kind::absent;
  word.answered_at = times.steady(kept.word.answered_at).value_or(now());
  if (kept.word.doubted_since) word.doubted_since = times.steady(*kept.word.doubted_since).value_or(now());
  if (untouched) {
    state.restore(kept.member, kind, std::move(kept.listing));
  } else {
    const DirectoryChange change = state.take(kept.member, kind, std::move(kept.listing));
    publish(state, change);
  }
  word.kept = kept.word.listing;
}

}  // namespace balancefs
