#include "balance/reading.h"

#include <algorithm>

namespace balancefs {
namespace {

/// As many as a member may fail before it is taken out of rotation.
constexpr unsigned kMostInVain = 3;

/// How much an error says about the path itself: the less, the rather it is the read's answer.
int certainty(const Error& error) {
  switch (blame(error)) {
    case Blame::dead:
      return 0;
    case Blame::throttled:
      return 1;
    case Blame::auth:
      return 2;
    case Blame::none:
      break;
  }
  if (error.detail == Error::Detail::not_ours) return 4;
  return 3;
}

}  // namespace

TimePoint Reading::deadline(const ReadOptions& options) const {
  const TimePoint own = last_progress + options.read_timeout;
  return why.deadline ? std::min(own, *why.deadline) : own;
}

void Reading::brought(MemberIndex member, TimePoint last_byte) {
  if (sink.position() > delivered_until) {
    delivered_until = sink.position();
    in_vain.clear();
  }
  if (in_vain[member] < kMostInVain) last_progress = std::max(last_progress, last_byte);
}

void Reading::note(MemberIndex member, const Error& error) {
  Failure failure;
  failure.error = error;
  failed.insert_or_assign(member, std::move(failure));
}

bool Reading::tried(MemberIndex member) const {
  const auto found = failed.find(member);
  return found != failed.end() && !found->second.again;
}

bool Reading::useless(MemberIndex member) const {
  const auto found = failed.find(member);
  return found != failed.end() && blame(found->second.error) != Blame::dead;
}

bool Reading::worth_repeating() const {
  const auto passing = [](const auto& entry) { return blame(entry.second.error) == Blame::dead; };
  return std::any_of(failed.begin(), failed.end(), passing);
}

void Reading::forgive(MemberIndex member) {
  const auto found = failed.find(member);
  if (found != failed.end() && blame(found->second.error) == Blame::dead) found->second.again = true;
}

const std::pair<const MemberIndex, Reading::Failure>* Reading::least_certain() const {
  const auto less = [](const auto& a, const auto& b) {
    return certainty(a.second.error) < certainty(b.second.error);
  };
  const auto found = std::min_element(failed.begin(), failed.end(), less);
  return found == failed.end() ? nullptr : &*found;
}

}  // namespace balancefs
