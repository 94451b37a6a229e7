// Answers that are not believed at once: a 404 for what was listed before, and a folder that lists nothing or
// none of its names any more. The member counts as pending until they are confirmed or given up.
#include "meta/listing_cache.h"

namespace balancefs {
namespace {

/// The first request that is started may join one that began too early; the second is ours.
constexpr int kMostTries = 2;

}  // namespace

ParentSays ListingCache::parent_says(const Path& directory, MemberIndex member) const {
  const State parent = table_.peek(directory.parent());
  if (!parent) return ParentSays::nothing;
  const MemberWord& word = parent->words()[member];
  if (word.kind == MemberWord::Kind::unknown) return ParentSays::unknown;
  const RowIndex row = word.listing.row_of(directory.name());
  if (row == kNoRow) return ParentSays::lacks;
  return word.listing.info(row).type == ObjectType::directory ? ParentSays::directory : ParentSays::file;
}

/// As parent_says(), where an old listing lacks nothing: what is new may be there.
ParentSays ListingCache::parent_says_by_now(const Path& directory, MemberIndex member) const {
  const ParentSays says = parent_says(directory, member);
  if (says != ParentSays::lacks && says != ParentSays::file) return says;
  const State parent = table_.peek(directory.parent());
  const MemberWord& word = parent->words()[member];
  const bool old = parent->expired || word.failed || word.unproven || now() - word.answered_at > options_.ttl;
  return old ? ParentSays::nothing : says;
}

/// Whether a listing that was asked for after fetch `since` lacks the directory, or one that it is in. A 404
/// for its parent is no such listing: it may have been believed because of what the parent's parent listed
/// long ago.
Task<bool> ListingCache::is_unlisted(Path directory, MemberIndex member, std::uint64_t since) {
  while (!directory.is_root()) {
    const Path parent = directory.parent();
    const bool heard = co_await hear_again(parent, member, since);
    const ParentSays says = parent_says(directory, member);
    if (!heard || (says != ParentSays::lacks && says != ParentSays::file)) co_return false;
    const State state = table_.use(parent);
    const MemberWord& word = state->words()[member];
    if (word.kind == MemberWord::Kind::listed || word.elsewhere) co_return true;
    directory = parent;
  }
  co_return false;
}

Task<void> ListingCache::confirm_absence(std::shared_ptr<Fetch> fetch, MemberIndex member) {
  const bool gone = co_await is_unlisted(fetch->directory(), member, fetch->id());
  if (overtaken(*fetch, member)) {
    ended(*fetch, member, Fetch::Answer::failed);
  } else if (gone) {
    believe(*fetch, member, MemberWord::Kind::absent, MemberListing());
  } else {
    take_failure(*fetch, member, Error(ErrorKind::unavailable, "404 for a folder that was listed"));
  }
}

Task<void> ListingCache::confirm_vanished(std::shared_ptr<Fetch> fetch, MemberIndex member,
                                          MemberListing listing) {
  // A root that is younger than this answer: one that was well in between proves nothing. And one that was in
  // trouble itself: this answer may be of that time, so another one has to agree.
  const State root = table_.use(Path());
  const bool was_well = !root->words()[member].failed;
  if (!root_has_names(member, fetch->started())) co_await hear_again(Path(), member, fetch->id());
  if (overtaken(*fetch, member)) {
    ended(*fetch, member, Fetch::Answer::failed);
  } else if (was_well && root_has_names(member, fetch->started())) {
    believe(*fetch, member, MemberWord::Kind::listed, std::move(listing));
  } else {
    if (!was_well) fetch->state().words()[member].doubted_since = now();
    doubt(*fetch, member, listing.empty());
  }
}

bool ListingCache::root_has_names(MemberIndex member, TimePoint since) const {
  const State root = table_.peek(Path());
  if (!root) return false;
  const MemberWord& word = root->words()[member];
  return !word.failed && word.answered_at >= since && !word.listing.empty();
}

/// Waits for a word of the member about `directory` that was asked for after fetch `since` began. False when
/// it brought no answer that is believed.
Task<bool> ListingCache::hear_again(Path directory, MemberIndex member, std::uint64_t since) {
  const State state = table_.use(directory);
  const TimePoint deadline = now() + options_.request_timeout;
  int tries = 0;
  while (state->words()[member].heard <= since) {
    if (state->words()[member].elsewhere) co_return true;
    bool pending = false;
    for (const Fetch* running : fetches_) {
      if (&running->state() == state.get() && running->answer(member) == Fetch::Answer::pending)
        pending = true;
    }
    if (!pending && tries == kMostTries) co_return false;
    const std::uint64_t before = last_id_;
    if (!pending) start_fetch(state);
    if (last_id_ != before) ++tries;
    const bool woken = co_await state->changed.wait_until(clock_, deadline);
    if (!woken) co_return false;
  }
  co_return !state->words()[member].failed;
}

}  // namespace balancefs
