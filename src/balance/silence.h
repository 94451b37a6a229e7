// Whether a member that is asked for data has stopped answering altogether.
//
// Requests that another member overtook are cancelled long before they count as stalled, so no single one
// of them says that a member is dead. This adds up the time in which the member was asked and brought
// nothing to anybody: after a third of a second it is left alone for a while, after as long as a stall takes
// it has failed. Requests that were given up before the member's usual time say nothing. Pure.
#pragma once

#include <cstdint>

#include "balancefs/clock.h"

namespace balancefs {

class Silence {
 public:
  /// A member that brought nothing for so long while asked is silent, not late with one request.
  static constexpr Duration kSilent = std::chrono::milliseconds(300);

  /// A data request began, brought bytes, ended for whatever reason. `had_its_time`: its first byte came, or
  /// it was given as long as the member usually takes for that.
  void asked(TimePoint now);
  void heard(TimePoint now);
  void ended(TimePoint now, bool had_its_time);
  /// Another member overtook a request that had its time; called before that request ends. Returns true when
  /// the member turned out to be silent by this and was not known to be: then it gets nothing new for a
  /// while.
  bool overtaken(TimePoint now);

  /// For how long it was asked in vain.
  Duration in_vain(TimePoint now) const;
  /// Overtaken, and nothing came from it since: its late requests are better moved at once.
  bool silent(TimePoint now) const { return overtaken_ && in_vain(now) >= kSilent; }
  /// Gets no new requests where another member can.
  bool avoided(TimePoint now) const { return now < avoided_until_; }
  /// It was blamed: the count begins anew.
  void blamed(TimePoint now);

 private:
  std::uint32_t requests_ = 0;
  Duration before_{0};  ///< in vain, in times of asking that are over
  TimePoint since_;     ///< with requests: since the first of them, or the last byte
  bool overtaken_ = false;
  std::uint32_t rounds_ = 0;  ///< times that it was avoided without a byte since
  TimePoint avoided_until_;
};

}  // namespace balancefs
