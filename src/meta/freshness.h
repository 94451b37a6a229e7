// What to do with what is held, and what to believe of what comes. Pure: `now` comes in, nothing is asked.
//
// Three outcomes, never two: present, absent, unknown. What fails, and what looks like a deletion of
// everything, is unknown; media servers delete libraries over it.
#pragma once

#include <optional>

#include "balancefs/options.h"
#include "meta/listing.h"

namespace balancefs {

/// What is held of a directory.
struct Held {
  bool any = false;                     ///< some member's answer is at hand
  bool expired = false;                 ///< a contradiction was seen
  std::optional<TimePoint> fresh_from;  ///< absent: it never was complete
  TimePoint retry_at;                   ///< the last try failed: none before this

  Held() = default;
};

enum class Use : std::uint8_t {
  serve,       ///< as it is
  revalidate,  ///< as it is, and one request in the background
  refetch,     ///< a request first, waited for as long as `patience`
  fetch,       ///< nothing at hand: a request, waited for as long as `timeout`
};

/// `name_missing`: the question is for a name that is not listed; only a fresh listing proves absence.
Use decide(const Held& held, bool name_missing, TimePoint now, const MetadataOptions& options);
bool is_fresh(const Held& held, TimePoint now, const MetadataOptions& options);

/// Whether a member's last good answer still counts. `failed`: its last request brought no answer.
bool still_counts(TimePoint answered_at, bool failed, TimePoint now, const MetadataOptions& options);

enum class Belief : std::uint8_t {
  believe,
  doubt,       ///< unknown: the last good listing stays
  check_root,  ///< agreed for long enough: believed when the member's root still has names
};

/// Whether a folder lists nothing any more, or none of three or more known names.
bool looks_vanished(const MemberListing& known, const MemberListing& listed);

/// `doubted_since`: when a listing like this one was first doubted; `asked_at`: when this one was asked for.
Belief judge_listing(const MemberListing& known, const MemberListing& listed, bool is_root,
                     std::optional<TimePoint> doubted_since, TimePoint asked_at,
                     const MetadataOptions& options);

/// What the member's own listing of the parent says of a directory that it answered 404 for.
enum class ParentSays : std::uint8_t {
  nothing,  ///< the parent is not held, or its listing is too old to lack anything
  unknown,  ///< it is, but this member gave no answer that is believed
  lacks,
  file,
  directory,
};

enum class Missing : std::uint8_t {
  failure,     ///< of the member: its root cannot be missing, or nothing of it can be believed yet
  absent,      ///< in this member
  ask_parent,  ///< it was listed before, or nothing is known: some servers answer 404 for every internal
               ///< failure
};

Missing judge_missing(bool is_root, bool listed_before, ParentSays parent);

}  // namespace balancefs
