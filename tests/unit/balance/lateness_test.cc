// From when on a request is late.
#include "balance/lateness.h"

#include <gtest/gtest.h>

namespace balancefs::test {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint kBegin{1h};

TEST(LatenessTest, InAStripeLateIsClearlyBeyondWhatTheMemberUsuallyTakes) {
  EXPECT_EQ(stripe_lateness(10ms).first_byte, 150ms);
  EXPECT_EQ(stripe_lateness(200ms).first_byte, 400ms);
  EXPECT_EQ(stripe_lateness(std::nullopt).first_byte, 300ms);
  EXPECT_EQ(stripe_lateness(200ms).pause, 300ms);
}

TEST(LatenessTest, WithHedgingLateIsBeyondTheMembersOwnP95) {
  EXPECT_EQ(hedge_lateness(80ms).first_byte, 90ms);
  EXPECT_EQ(hedge_lateness(80ms).pause, 90ms);
  EXPECT_EQ(hedge_lateness(1ms).first_byte, 50ms) << "the loop's own delays are no lateness";
  EXPECT_EQ(hedge_lateness(std::nullopt).first_byte, 300ms);
}

TEST(LatenessTest, CountsFromTheBeginAndThenFromTheLastByte) {
  const Lateness lateness(100ms, 300ms);
  Progress progress(kBegin);
  EXPECT_EQ(lateness.due(progress), kBegin + 100ms);
  progress.first_byte = kBegin + 50ms;
  progress.last_byte = kBegin + 700ms;
  EXPECT_EQ(lateness.due(progress), kBegin + 1000ms);
}

}  // namespace
}  // namespace balancefs::test
