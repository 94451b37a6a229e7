#include "balance/contest.h"

namespace balancefs {

Result<void> Contest::Lane::write(std::span<const std::byte> bytes) {
  if (behind()) return fail(ErrorKind::cancelled, "another member was faster");
  Result<void> taken = contest_.target_.write(bytes);
  at_ = contest_.target_.position();
  if (contest_.moved_) contest_.moved_();
  return taken;
}

}  // namespace balancefs
