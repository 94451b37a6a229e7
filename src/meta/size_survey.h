// Notices a member that holds other files than the rest of its group: whose sizes differ for most of them.
//
// Counts exact sizes against the authority's as listings come in, over all directories. Loop thread.
#pragma once

#include <cstdint>
#include <vector>

#include "meta/info_view.h"

namespace balancefs {

class SizeSurvey {
 public:
  /// Fewer files than this may well be a coincidence.
  static constexpr std::uint32_t kEnough = 10;

  explicit SizeSurvey(std::size_t members) : members_(members) {}

  /// Counts one file of a member against the authority's of the same name.
  void count(const InfoView& authority, const InfoView& copy);
  /// True once per member: more than half of at least kEnough files differ.
  bool should_warn(MemberIndex member);

 private:
  struct Tally {
    std::uint32_t compared = 0;
    std::uint32_t different = 0;
    bool warned = false;
    Tally() = default;
  };
  std::vector<Tally> members_;
};

}  // namespace balancefs
