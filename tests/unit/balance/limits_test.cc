// What may start by the limits and when the next may: exact, on a manual clock.
#include "balance/limits.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace balancefs::test {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint kNow{1h};
constexpr std::uint64_t kMiB = 1 << 20;

LimitOptions options(std::uint32_t connections, std::uint32_t requests, std::uint64_t bandwidth) {
  LimitOptions result;
  result.max_connections = connections;
  result.requests_per_second = requests;
  result.bandwidth = bandwidth;
  return result;
}

TEST(Limits, WithoutLimitsEverythingMayStart) {
  Limits limits{LimitOptions()};
  for (int i = 0; i < 1000; ++i) {
    EXPECT_TRUE(limits.may_start(true, kNow));
    limits.started(kMiB, kNow);
  }
  EXPECT_EQ(limits.piece(), 0u);
}

TEST(Limits, NoMoreThanMaxConnectionsAtOnce) {
  Limits limits(options(2, 0, 0));
  limits.started(0, kNow);
  EXPECT_TRUE(limits.may_start(true, kNow));
  limits.started(0, kNow);
  EXPECT_FALSE(limits.may_start(false, kNow + 24h));
  EXPECT_EQ(limits.next_start(false), std::nullopt) << "time does not help";
  limits.ended(0);
  EXPECT_TRUE(limits.may_start(true, kNow));
}

TEST(Limits, ASecondsWorthOfRequestsMayStartAtOnceThenTheyAreSpread) {
  Limits limits(options(0, 4, 0));
  for (int i = 0; i < 4; ++i) {
    EXPECT_TRUE(limits.may_start(true, kNow)) << i;
    limits.started(0, kNow);
  }
  EXPECT_FALSE(limits.may_start(true, kNow));
  EXPECT_EQ(limits.next_start(true), kNow + 250ms);
  limits.started(0, kNow + 250ms);
  EXPECT_EQ(limits.next_start(true), kNow + 500ms);
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(limits.may_start(true, kNow + 10s), i < 4) << i;
    limits.started(0, kNow + 10s);
  }
}

TEST(Limits, BytesAreTakenBeforehandAndTheBucketMayBeInDebtByOneRequest) {
  Limits limits(options(0, 0, kMiB));
  limits.started(8 * kMiB, kNow);
  EXPECT_FALSE(limits.may_start(true, kNow));
  EXPECT_TRUE(limits.may_start(false, kNow)) << "a listing is not held up";
  EXPECT_EQ(limits.next_start(true), kNow + 7s) << "one second's worth was there";
}

TEST(Limits, WhatDidNotComeIsGivenBack) {
  Limits limits(options(0, 0, kMiB));
  limits.started(8 * kMiB, kNow);
  limits.ended(6 * kMiB);
  EXPECT_EQ(limits.next_start(true), kNow + 1s);
}

TEST(Limits, ChangedLimitsCountWhatIsUnderWay) {
  Limits limits(options(4, 0, 0));
  for (int i = 0; i < 3; ++i) limits.started(0, kNow);
  limits.change(options(2, 0, 0));
  limits.ended(0);
  EXPECT_FALSE(limits.may_start(true, kNow));
  limits.ended(0);
  EXPECT_TRUE(limits.may_start(true, kNow));
}

TEST(Limits, PiecesAreHalfASecondsWorthInWholeBlocks) {
  EXPECT_EQ(Limits(options(0, 0, 5 * kMiB)).piece(), 5 * kMiB / 2);
  EXPECT_EQ(Limits(options(0, 0, 16 * 1024)).piece(), 128u * 1024);
  EXPECT_EQ(Limits(options(9, 9, 0)).piece(), 0u);
}

TEST(Limits, NoWindowEverHoldsMoreThanItsRateAndOneSecondsWorth) {
  EXPECT_TRUE(rc::check("requests and bytes, whatever comes when", [] {
    const auto rate = *rc::gen::inRange<std::uint32_t>(1, 50);
    const auto bandwidth = *rc::gen::inRange<std::uint64_t>(16 * 1024, 10 * kMiB);
    const auto part = *rc::gen::inRange<std::uint64_t>(1, 8 * kMiB);
    const auto steps = *rc::gen::container<std::vector<int>>(200, rc::gen::inRange(0, 300));
    Limits limits(options(0, rate, bandwidth));
    TimePoint now = kNow;
    std::uint64_t started = 0;
    for (const int step : steps) {
      now += step * 1ms;
      while (limits.may_start(true, now)) {
        limits.started(part, now);
        ++started;
      }
      const double seconds = std::chrono::duration<double>(now - kNow).count();
      RC_ASSERT(static_cast<double>(started) <= rate * (seconds + 1) + 0.001);
      RC_ASSERT(static_cast<double>(started * part) <=
                static_cast<double>(bandwidth) * (seconds + 1) + static_cast<double>(part) + 1);
    }
    RC_ASSERT(*limits.next_start(true) > now);
  }));
}

}  // namespace
}  // namespace balancefs::test
