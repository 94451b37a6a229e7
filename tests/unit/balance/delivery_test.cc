// Rates and latencies as they are measured from what comes.
#include "balance/delivery.h"

#include <gtest/gtest.h>

namespace balancefs::test {
namespace {

using namespace std::chrono_literals;

class DeliveryTest : public ::testing::Test {
 protected:
  /// `requests` side by side, each bringing `rate` for so long, in steps of 10 ms.
  void flow(int requests, double rate, Duration time, Duration latency = 40ms) {
    const auto piece = static_cast<std::uint64_t>(rate / 100);
    const std::uint64_t steps = static_cast<std::uint64_t>(time / 10ms);
    for (int i = 0; i < requests; ++i) delivery.asked(piece * steps);
    now += latency;
    for (int i = 0; i < requests; ++i) delivery.first_byte(latency, now);
    for (std::uint64_t step = 0; step < steps; ++step) {
      now += 10ms;
      for (int i = 0; i < requests; ++i) delivery.arrived(piece, now);
    }
    for (int i = 0; i < requests; ++i) delivery.ended(0, true, now);
  }
  TimePoint now{1h};
  Delivery delivery;
};

TEST_F(DeliveryTest, NothingIsKnownBeforeTheFirstPart) {
  EXPECT_FALSE(delivery.rate().has_value());
  EXPECT_FALSE(delivery.latency().has_value());
  EXPECT_EQ(delivery.queued(), 0u);
}

TEST_F(DeliveryTest, TheRateIsThatOfOneRequestWithoutItsLatency) {
  flow(1, 10e6, 1s, 500ms);
  EXPECT_NEAR(*delivery.rate(), 10e6, 1e5);
  EXPECT_NEAR(delivery.side_by_side(), 1, 0.01);
  EXPECT_EQ(delivery.latency(), 500ms);
}

TEST_F(DeliveryTest, RequestsSideBySideAreToldFromOneFastRequest) {
  flow(4, 10e6, 5s);
  EXPECT_NEAR(*delivery.rate(), 10e6, 1e5);
  EXPECT_NEAR(delivery.side_by_side(), 4, 0.1);
}

TEST_F(DeliveryTest, AChangeShowsWithinSeconds) {
  flow(1, 30e6, 3s);
  flow(1, 2e6, 3s);
  EXPECT_NEAR(*delivery.rate(), 2e6, 2e6);
}

TEST_F(DeliveryTest, PausesBetweenRequestsAreNoSlowness) {
  for (int i = 0; i < 20; ++i) {
    flow(1, 20e6, 200ms);
    now += 2s;
  }
  EXPECT_NEAR(*delivery.rate(), 20e6, 1e6);
}

TEST_F(DeliveryTest, AFlowThatStopsIsSlow) {
  flow(1, 20e6, 1s);
  delivery.asked(1'000'000);
  delivery.first_byte(40ms, now);
  now += 3s;
  delivery.ended(1'000'000, true, now);
  EXPECT_LT(*delivery.rate(), 3e6);
}

TEST_F(DeliveryTest, APartThatComesAtOnceIsFastAndNotInfinite) {
  flow(1, 0, 0s, 5ms);
  delivery.asked(100'000);
  delivery.first_byte(5ms, now);
  delivery.arrived(100'000, now);
  delivery.ended(0, true, now);
  EXPECT_LE(*delivery.rate(), 100e6);
}

TEST_F(DeliveryTest, WhatIsAskedForAndDidNotComeIsQueuedUntilTheRequestEnds) {
  delivery.asked(1000);
  delivery.asked(500);
  EXPECT_EQ(delivery.requests(), 2u);
  delivery.first_byte(5ms, now);
  delivery.arrived(300, now);
  EXPECT_EQ(delivery.queued(), 1200u);
  delivery.ended(700, true, now);
  delivery.ended(500, false, now);
  EXPECT_EQ(delivery.queued(), 0u);
  EXPECT_EQ(delivery.requests(), 0u);
}

}  // namespace
}  // namespace balancefs::test
