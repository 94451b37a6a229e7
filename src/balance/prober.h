// Background probes: they alone lead a member from OPEN over HALF-OPEN to CLOSED.
//
// Nothing runs while all members are CLOSED: a flow per member begins when it opens and ends when it closes.
// Loop thread; the owner calls close() before destruction.
#pragma once

#include <set>

#include "balance/members.h"

namespace balancefs {

class Prober {
 public:
  explicit Prober(Members& members);
  /// Begins to look after a member that opened, or probes a CLOSED one once. A no-op while it does already.
  void watch(MemberIndex index);
  /// Somebody waits for these members with nowhere else to go: probe them sooner than their back-off says.
  void hurry(std::span<const MemberIndex> members);
  Task<void> close() { return scope_.close(); }

 private:
  class Watched;
  Task<void> look_after(MemberIndex index);
  Task<void> wait_until_due(MemberIndex index);
  Task<Result<void>> probe(MemberIndex index, std::uint64_t id);

  Members& members_;
  WaitList hurried_;
  std::set<MemberIndex> watched_;
  TaskScope scope_;
};

}  // namespace balancefs
