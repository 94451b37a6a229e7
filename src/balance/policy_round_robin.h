// Smooth weighted round robin, as nginx does it: shares follow the weights exactly and picks of one member
// are spread as evenly as they can be. The other policies use it where they know no difference, and stripes
// for members that are equally fast. Pure.
#pragma once

#include "balance/policy.h"

namespace balancefs {

class RoundRobin final : public Policy {
 public:
  explicit RoundRobin(std::size_t members) : current_(members, 0) {}
  /// One step among these, whatever their tier; there is one at least.
  MemberIndex turn(std::span<const Candidate> among);

 private:
  MemberIndex choose(std::span<const Candidate> among, TimePoint now) override;

  std::vector<std::int64_t> current_;
};

}  // namespace balancefs
