// Requests that no program waits for: folders ahead of a program that walks, and what was served although it
// was stale. Both share one window, so that a walk over a known tree asks for some folders at once and not
// for all of them.
#include <algorithm>

#include "meta/listing_cache.h"

namespace balancefs {
namespace {

/// As many as two walks have in front of them at most.
constexpr std::size_t kMostKept = 128;
/// Beyond it, what is stale is asked for with its next use.
constexpr std::size_t kMostQueued = 10'000;

}  // namespace

std::vector<std::string> ListingCache::subdirectories(const Path& directory) const {
  const State state = table_.peek(directory);
  return state ? state->subdirectories(now(), options_) : std::vector<std::string>();
}

void ListingCache::program_lists(const Path& directory) {
  foresight_.asked(directory, now());
  look_ahead();
}

void ListingCache::program_listed(const Path& directory) {
  foresight_.answered(directory, now());
  look_ahead();
}

void ListingCache::look_ahead() {
  if (closing_) return;
  for (Path& directory : foresight_.plan()) scope_.spawn(list_ahead(std::move(directory)));
}

Task<void> ListingCache::list_ahead(Path directory) {
  const State state = use(directory);
  co_await recall(state);
  const Use use = decide(state->held(now(), options_), false, now(), options_);
  const bool worth_it =
      use == Use::revalidate ? in_background() < TreeForesight::kMostAtOnce : use != Use::serve;
  if (worth_it) start_fetch(state, For::foresight);
  while (true) {
    {
      const auto fetch = state->fetch.lock();
      if (!fetch || !blocks(*fetch)) break;
    }
    co_await state->changed.wait();
  }
  listed_ahead_.push_back(state);
  if (listed_ahead_.size() > kMostKept) listed_ahead_.pop_front();
  foresight_.ended(directory);
  look_ahead();
}

void ListingCache::revalidate(const State& state) {
  if (in_background() < TreeForesight::kMostAtOnce) {
    start_fetch(state);
  } else if (queued_.size() < kMostQueued && queued_.insert(state->path()).second) {
    to_revalidate_.push_back(state->path());
  }
}

void ListingCache::revalidate_next() {
  while (!closing_ && !to_revalidate_.empty() && in_background() < TreeForesight::kMostAtOnce) {
    const State state = table_.peek(to_revalidate_.front());
    queued_.erase(to_revalidate_.front());
    to_revalidate_.pop_front();
    if (state && decide(state->held(now(), options_), false, now(), options_) == Use::revalidate) {
      start_fetch(state);
    }
  }
}

/// Requests that nobody waits for. What hangs is not counted for longer than a program would wait for it.
std::size_t ListingCache::in_background() const {
  const auto counts = [&](const Fetch* fetch) {
    return !fetch->why.awaited && blocks(*fetch) && now() - fetch->started() <= options_.patience;
  };
  return static_cast<std::size_t>(std::count_if(fetches_.begin(), fetches_.end(), counts));
}

}  // namespace balancefs
