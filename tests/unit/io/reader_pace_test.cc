#include "io/reader_pace.h"

#include <gtest/gtest.h>

namespace balancefs::test {
namespace {

using namespace std::chrono_literals;
constexpr std::uint64_t kMiB = 1024 * 1024;

class ReaderPaceTest : public testing::Test {
 protected:
  /// Takes `bytes` in one read that waits for `wait`, and is busy with them for `own`.
  void read(std::uint64_t bytes, Duration wait, Duration own) {
    pace.began(now);
    now += wait;
    pace.ended(now);
    pace.consumed(bytes);
    now += own;
  }

  TimePoint now = TimePoint(1h);
  ReaderPace pace;
};

TEST_F(ReaderPaceTest, IsUnknownBeforeAMebibyteWasRead) {
  read(kMiB / 2, 0ms, 100ms);
  EXPECT_EQ(pace.bytes_per_second(), ReaderPace::kUnknown);
}

TEST_F(ReaderPaceTest, AFilmPlayerTakesWhatTheFilmHasWhateverItWaitsFor) {
  for (int i = 0; i < 100; ++i) read(kMiB / 8, i % 3 == 0 ? 80ms : 0ms, 25ms);
  EXPECT_NEAR(static_cast<double>(pace.bytes_per_second()), 5.0 * kMiB, 0.3 * kMiB);
}

TEST_F(ReaderPaceTest, WhoAlwaysWaitsForUsTakesAllItGets) {
  for (int i = 0; i < 100; ++i) read(kMiB / 8, 10ms, 0ms);
  EXPECT_EQ(pace.bytes_per_second(), ReaderPace::kUnknown);
}

TEST_F(ReaderPaceTest, TimeThatSeveralReadsWaitTogetherIsNotTheReadersOwn) {
  for (int i = 0; i < 32; ++i) {
    pace.began(now);
    pace.began(now += 5ms);
    pace.ended(now += 5ms);
    pace.ended(now += 5ms);
    pace.consumed(kMiB / 4);
    now += 50ms;
  }
  EXPECT_NEAR(static_cast<double>(pace.bytes_per_second()), 5.0 * kMiB, 0.4 * kMiB);
}

TEST_F(ReaderPaceTest, APlayerThatWasPausedIsNotTakenForASlowOne) {
  for (int i = 0; i < 200; ++i) read(kMiB / 8, 0ms, 25ms);
  now += 1h;
  for (int i = 0; i < 200; ++i) read(kMiB / 8, 0ms, 25ms);
  EXPECT_GT(pace.bytes_per_second(), 4 * kMiB);
}

TEST_F(ReaderPaceTest, APlayerThatFilledItsBufferAtFirstIsKnownByItsPaceSoon) {
  for (int i = 0; i < 400; ++i) read(kMiB / 8, 0ms, 1ms);
  for (int i = 0; i < 400; ++i) read(kMiB / 8, 0ms, 25ms);
  EXPECT_LT(pace.bytes_per_second(), 7 * kMiB);
}

}  // namespace
}  // namespace balancefs::test
