// The last changes of members' states, with their reasons: what somebody who asks "what happened?" reads.
//
// Of all groups together, so that an outage of the user's own line shows as what it is. Pure.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>

#include "balancefs/clock.h"

namespace balancefs {

struct Transition {
  TimePoint at;        ///< the first time
  TimePoint last;      ///< the last time, when the same happened again and again (probes that fail)
  std::string member;  ///< its mount path
  std::string from;
  std::string to;
  std::string reason;
  std::uint32_t times = 1;
  std::uint64_t id = 0;  ///< of the request whose failure caused it last; 0: no request did

  Transition(TimePoint when, std::string who, std::string before, std::string after, std::string why)
      : at(when),
        last(when),
        member(std::move(who)),
        from(std::move(before)),
        to(std::move(after)),
        reason(std::move(why)) {}
};

class Journal {
 public:
  static constexpr std::size_t kMost = 100;

  /// What is the same as the member's entry before it is counted there.
  void add(Transition transition);
  /// Called after each add(); what it does, it does later.
  void set_on_add(std::function<void()> on_add) { on_add_ = std::move(on_add); }
  /// The oldest first.
  const std::deque<Transition>& all() const { return all_; }

 private:
  void put(Transition transition);

  std::deque<Transition> all_;
  std::function<void()> on_add_;
};

}  // namespace balancefs
