// File here, folder there: the type that a path's authority says is the path's type.
//
// Members that hold something of the other type under that name are divergent for the path, and for all below
// it: they are not asked what the folder holds, and hold nothing in it, so that neither their 404 nor their
// trouble makes it unknown. Where the authority has a file nobody holds a folder. What each member has there
// is what its listings of the parent say; as soon as they say otherwise it is asked again.
#include <algorithm>

#include "meta/listing_cache.h"

namespace balancefs {

ListingCache::State ListingCache::use(const Path& directory) {
  State state = table_.use(directory);
  const State parent = directory.is_root() ? nullptr : table_.peek(directory.parent());
  if (!parent) return state;
  const auto entry = parent->find(directory.name(), now(), options_);
  for (MemberIndex m = 0; m < lagging_.size(); ++m) {
    const bool is_file = entry && entry->info.type == ObjectType::file;
    const bool differs = entry && std::ranges::count(entry->divergent, m) > 0;
    set_elsewhere(*state, m, is_file || differs || parent->words()[m].elsewhere);
  }
  return state;
}

void ListingCache::set_elsewhere(DirectoryState& state, MemberIndex member, bool elsewhere) {
  MemberWord& word = state.words()[member];
  if (elsewhere) word.answered_at = now();  // as good as the parent's listing, and never too old to count
  if (word.elsewhere == elsewhere) return;
  word.elsewhere = elsewhere;
  if (!elsewhere) {
    word.kind = MemberWord::Kind::unknown;
    expire(state.path());
    return;
  }
  word.failed = false;
  word.doubted_since.reset();
  const DirectoryChange change = state.take(member, MemberWord::Kind::absent, MemberListing());
  table_.recount(state);
  publish(state, change);
  state.changed.wake_all();
}

}  // namespace balancefs
