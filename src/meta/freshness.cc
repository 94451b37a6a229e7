#include "meta/freshness.h"

namespace balancefs {
namespace {

/// Fewer known names than this may well all be renamed at once.
constexpr std::size_t kTellingNames = 3;

}  // namespace

bool is_fresh(const Held& held, TimePoint now, const MetadataOptions& options) {
  return held.fresh_from && !held.expired && now - *held.fresh_from <= options.ttl;
}

Use decide(const Held& held, bool name_missing, TimePoint now, const MetadataOptions& options) {
  if (!held.any) return Use::fetch;
  if (is_fresh(held, now, options) || now < held.retry_at) return Use::serve;
  if (held.expired || !held.fresh_from || name_missing) return Use::refetch;
  return now - *held.fresh_from <= options.max_stale ? Use::revalidate : Use::refetch;
}

bool still_counts(TimePoint answered_at, bool failed, TimePoint now, const MetadataOptions& options) {
  if (!options.stale_if_error) return true;
  const Duration age = now - answered_at;
  return age <= *options.stale_if_error || (!failed && age <= options.max_stale);
}

bool looks_vanished(const MemberListing& known, const MemberListing& listed) {
  if (known.empty()) return false;
  if (listed.empty()) return true;
  if (known.size() < kTellingNames) return false;
  for (RowIndex row = 0; row < known.size(); ++row) {
    if (listed.row_of(known.name(row)) != kNoRow) return false;
  }
  return true;
}

Belief judge_listing(const MemberListing& known, const MemberListing& listed, bool is_root,
                     std::optional<TimePoint> doubted_since, TimePoint asked_at,
                     const MetadataOptions& options) {
  if (!looks_vanished(known, listed)) return Belief::believe;
  if (is_root && listed.empty()) return Belief::doubt;
  if (!doubted_since || asked_at - *doubted_since < options.vanish_confirmation) return Belief::doubt;
  return is_root ? Belief::believe : Belief::check_root;
}

Missing judge_missing(bool is_root, bool listed_before, ParentSays parent) {
  if (is_root || (!listed_before && parent == ParentSays::unknown)) return Missing::failure;
  const bool contradicted = listed_before || parent == ParentSays::directory;
  // Nothing known of the parent: a server that answers 404 for everything says the same.
  if (contradicted || parent == ParentSays::nothing) return Missing::ask_parent;
  return Missing::absent;
}

}  // namespace balancefs
