// Two or more attempts at one receiver: the first that delivers the next byte wins.
//
// Each attempt writes into a lane of its own. A lane delivers only while it stands exactly where the receiver
// does; as soon as another lane has moved the receiver on, it is behind and whatever it still brings is
// refused. So every byte is delivered once and in order, whatever the interleaving. Loop thread.
#pragma once

#include <functional>

#include "balancefs/bytes.h"

namespace balancefs {

class Contest {
 public:
  class Lane final : public ByteSink {
   public:
    explicit Lane(Contest& contest) : contest_(contest), at_(contest.target_.position()) {}
    /// Where this lane stands; the receiver's position while it is not behind.
    std::uint64_t position() const override { return at_; }
    Result<void> write(std::span<const std::byte> bytes) override;
    /// Another lane was faster, or close() was called.
    bool behind() const { return closed_ || at_ != contest_.target_.position(); }
    /// Nothing of this lane is delivered any more.
    void close() { closed_ = true; }

   private:
    Contest& contest_;
    std::uint64_t at_;
    bool closed_ = false;
  };

  /// `moved` is called when a lane has delivered; it must not write. Null: nobody.
  Contest(ByteSink& target, std::function<void()> moved) : target_(target), moved_(std::move(moved)) {}
  Contest(const Contest&) = delete;
  Contest& operator=(const Contest&) = delete;

 private:
  ByteSink& target_;
  std::function<void()> moved_;
};

}  // namespace balancefs
