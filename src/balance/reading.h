// One read() of a Route on its way over members: what it has tried, and how long it may go on. Plain state;
// the decisions are Route's.
#pragma once

#include <map>
#include <set>
#include <vector>

#include "balance/members.h"

namespace balancefs {

struct Reading {
  struct Failure {
    Error error;
    bool again = false;  ///< may be asked again: a new round began
    Failure() = default;
  };

  ByteRange range;
  ByteSink& sink;
  RequestContext& why;
  TimePoint last_progress;
  std::uint32_t epoch;  ///< of the version when the read began
  bool all_open_at_start = false;
  std::map<MemberIndex, Failure> failed;
  std::set<MemberIndex> skipped;  ///< said that they serve no ranges
  std::set<MemberIndex> left;     ///< given up for a faster one
  /// Waits for the end of a member's pause, and until when it does.
  struct Resumption {
    TimePoint end;
    TimePoint at;
    Resumption(TimePoint pause_end, TimePoint own) : end(pause_end), at(own) {}
  };
  std::optional<Resumption> resumption;
  bool kept_waiting = false;                        ///< by the limits of the member that was last chosen
  std::optional<TimePoint> out_of_members;          ///< when the first round had failed everywhere
  Duration pause = std::chrono::milliseconds(250);  ///< before the next round; doubles

  std::uint64_t delivered_until;            ///< as last seen
  std::map<MemberIndex, unsigned> in_vain;  ///< attempts that failed since a byte was delivered

  Reading(ByteRange asked, ByteSink& to, RequestContext& context, const Version& version, TimePoint now)
      : range(asked),
        sink(to),
        why(context),
        last_progress(now),
        epoch(version.epoch()),
        delivered_until(to.position()) {}

  /// Without any byte until then the read is over.
  TimePoint deadline(const ReadOptions& options) const;
  /// A member brought bytes, the last of them then. Those that it shows or that precede the read put the end
  /// off only in its first attempts: a server that breaks at the same byte again and again is no progress.
  void brought(MemberIndex member, TimePoint last_byte);
  void note(MemberIndex member, const Error& error);
  bool tried(MemberIndex member) const;
  /// Whether it failed in a way that time does not mend.
  bool useless(MemberIndex member) const;
  /// Whether trying again may help: some failure was about a member, not about the path.
  bool worth_repeating() const;
  /// Lets a member that failed for a passing reason be asked again.
  void forgive(MemberIndex member);
  /// The failure that says least about the path itself, so that one member's 404 never hides that another
  /// could not be asked; null when nobody was asked.
  const std::pair<const MemberIndex, Failure>* least_certain() const;
};

}  // namespace balancefs
