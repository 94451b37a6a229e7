// One member's turn at a read: what it is to deliver and what became of it. Plain state; a turn is one
// request or, where the member has to show held bytes first, two.
#pragma once

#include "balance/lateness.h"
#include "balancefs/bytes.h"
#include "balancefs/object.h"

namespace balancefs {

struct Attempt {
  MemberIndex member;
  ByteSink& target;
  std::uint64_t until;      ///< the file offset where it ends
  Progress progress;        ///< of the request under way
  bool refused = false;     ///< by the receiver: its error is the read's
  bool queued = false;      ///< waits for the member's limits: nothing is asked yet
  bool unasked = false;     ///< left that queue: its error says nothing of the member
  bool must_prove = false;  ///< nothing was delivered, because held bytes are to be compared first

  Attempt(MemberIndex asked, ByteSink& to, std::uint64_t end) : member(asked), target(to), until(end) {}
  Attempt(const Attempt&) = delete;
  Attempt& operator=(const Attempt&) = delete;
};

}  // namespace balancefs
