#include "io/line_meter.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "io/reader_pace.h"

namespace balancefs::test {
namespace {

using namespace std::chrono_literals;
constexpr std::uint64_t kMB = 1'000'000;

/// A line that gives each connection so much and all of them no more than `together`.
class LineMeterTest : public testing::Test {
 protected:
  void transfer(std::uint32_t connections, double each, double together, Duration time) {
    const double rate = std::min(each * connections, together);
    const auto bytes = static_cast<std::uint64_t>(rate / 100 * kMB);
    const TimePoint begun = now;
    for (const TimePoint end = now + time; now < end; now += 10ms) meter.received(bytes, now);
    const double seconds = std::chrono::duration<double>(time).count();
    for (std::uint32_t i = 0; i < connections; ++i) {
      meter.ended(static_cast<std::uint64_t>(rate * seconds / connections * kMB), begun, now);
    }
  }
  /// How many are used after some seconds of a reader that takes `wanted`.
  std::uint32_t settle(std::uint64_t wanted, double each, double together) {
    for (int i = 0; i < 60; ++i) transfer(meter.connections(wanted), each, together, 300ms);
    return meter.connections(wanted);
  }

  TimePoint now = TimePoint(1h);
  LineMeter meter;
};

TEST_F(LineMeterTest, AFewAreUsedBeforeAnythingIsKnown) {
  EXPECT_EQ(meter.connections(ReaderPace::kUnknown), 3u);
}

TEST_F(LineMeterTest, AStorageThatCapsEachConnectionIsReadOverMany) {
  const std::uint32_t used = settle(ReaderPace::kUnknown, 25, 200);
  EXPECT_GE(used, 8u);
  EXPECT_LE(used, LineMeter::kMostConnections);
}

TEST_F(LineMeterTest, TheyAreManyAfterAFewSteps) {
  int steps = 0;
  while (meter.connections(ReaderPace::kUnknown) < 8 && steps < 20) {
    transfer(meter.connections(ReaderPace::kUnknown), 25, 200, 200ms);
    ++steps;
  }
  EXPECT_LE(steps, 4);
}

TEST_F(LineMeterTest, ASlowReaderHoldsOneOrTwo) {
  EXPECT_EQ(settle(5 * kMB, 25, 200), 2u);
}

TEST_F(LineMeterTest, ALineThatOneConnectionFillsIsNotDividedByTwelve) {
  transfer(1, 1000, 12, 2s);
  EXPECT_LE(meter.connections(ReaderPace::kUnknown), 4u);
  EXPECT_LE(settle(ReaderPace::kUnknown, 1000, 12), 5u)
      << "that each brings less then is their number's doing";
}

TEST_F(LineMeterTest, NorIsOneThatWasSharedFromTheStart) {
  EXPECT_LE(settle(ReaderPace::kUnknown, 1000, 12), 8u);
}

TEST_F(LineMeterTest, SmallTransfersSayNothing) {
  for (int i = 0; i < 50; ++i) meter.ended(100'000, now, now + 1ms);
  EXPECT_EQ(meter.connections(ReaderPace::kUnknown), 3u);
}

TEST_F(LineMeterTest, WhenConnectionsBecomeSlowerTheirNumberStays) {
  settle(ReaderPace::kUnknown, 25, 200);
  EXPECT_GE(settle(ReaderPace::kUnknown, 2, 200), 8u);
}

}  // namespace
}  // namespace balancefs::test
