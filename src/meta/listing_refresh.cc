// What was held is no longer believed to be up to date: a contradiction was seen, or the user said so.
//
// Nothing is asked here: the next use asks, and what is still under way answers nobody who asks after this.
#include "meta/listing_cache.h"

namespace balancefs {
namespace {

void outdate(DirectoryState& state) {
  state.expired = true;
  state.retry_at = TimePoint();
}

}  // namespace

void ListingCache::expire(const Path& directory) {
  const State state = table_.peek(directory);
  if (!state) {
    if (kept_ != nullptr && keeps_) kept_->expire(directory, DirectoryExpiry::expired);
    return;
  }
  outdate(*state);
  keep(state);
  for (Fetch* fetch : fetches_) {
    if (&fetch->state() == state.get()) fetch->outdate();
  }
}

/// As far as is known; a name that nobody lists is taken for a file's.
bool ListingCache::is_folder(const Path& path) const {
  if (path.is_root()) return true;
  const State parent = table_.peek(path.parent());
  const auto entry = parent ? parent->find(path.name(), now(), options_) : std::nullopt;
  if (entry) return entry->info.type == ObjectType::directory;
  const State self = table_.peek(path);
  return self && self->any_listed(now(), options_);
}

Refreshed ListingCache::refresh(const Path& path, bool recursive) {
  Refreshed done(is_folder(path) ? path : path.parent());
  const auto covers = [&](const Path& directory) {
    return directory == done.folder || directory == path || (recursive && directory.is_within(path));
  };
  table_.for_each([&](DirectoryState& state) {
    if (!covers(state.path())) return;
    outdate(state);
    for (MemberWord& word : state.words()) {
      word.trust_after = last_id_;
      word.listing.outdate_notes();
    }
    ++done.listings;
  });
  for (Fetch* fetch : fetches_) {
    if (covers(fetch->directory())) fetch->outdate();
  }
  outdate_stats(covers);
  // Also of what is held: memory may have no room for it before it is asked again.
  if (kept_ != nullptr && keeps_) {
    kept_->expire(done.folder, DirectoryExpiry::refreshed);
    // What nothing is known of in memory may be a folder all the same.
    if (path != done.folder) kept_->expire(path, DirectoryExpiry::refreshed);
    if (recursive) kept_->expire_below(path, DirectoryExpiry::refreshed);
  }
  // The folder's own name is part of what is known of it. Its parent is asked, and not trusted: the user did
  // not say that everything else there may be gone.
  if (!done.folder.is_root()) expire(done.folder.parent());
  return done;
}

}  // namespace balancefs
