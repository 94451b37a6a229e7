#include "balance/stall_watch.h"

#include <gtest/gtest.h>

#include <functional>

namespace balancefs::test {
namespace {

using namespace std::chrono_literals;

class StallWatchTest : public ::testing::Test {
 protected:
  /// When a transfer that has brought `bytes(t)` counts as stalled; nothing within a minute.
  std::optional<Duration> stalls_after(const std::function<std::uint64_t(Duration)>& bytes, bool replaceable,
                                       const std::function<bool(Duration)>& awaited) {
    const TimePoint begun(1h);
    StallWatch watch(options, limit, begun);
    for (Duration t = 0s; t <= 60s; t += StallWatch::kTick) {
      if (watch.stalled(begun + t, bytes(t), awaited(t), replaceable)) return t;
    }
    return std::nullopt;
  }
  static std::function<std::uint64_t(Duration)> rate(std::uint64_t per_second) {
    return [per_second](Duration t) { return per_second * static_cast<std::uint64_t>(t / 500ms) / 2; };
  }
  static bool always(Duration) { return true; }
  static bool never(Duration) { return false; }
  static std::uint64_t nothing(Duration) { return 0; }
  static std::uint64_t one_burst(Duration t) { return t < 1s ? 0 : 1'000'000; }

  ReadOptions options;
  Duration limit = 3s;
};

TEST_F(StallWatchTest, NoFirstByteCountsAfterTheMembersOwnLimitWhenReplaceable) {
  EXPECT_EQ(stalls_after(nothing, true, always), 3s);
  limit = 10s;
  EXPECT_EQ(stalls_after(nothing, true, always), 10s);
  EXPECT_EQ(stalls_after(nothing, false, always), std::nullopt);
}

TEST_F(StallWatchTest, SilenceAfterTheFirstByteCountsAfterThreeOrFifteenSeconds) {
  EXPECT_EQ(stalls_after(one_burst, true, always), 4s);
  EXPECT_EQ(stalls_after(one_burst, false, always), 16s);
}

TEST_F(StallWatchTest, OneKibibyteASecondIsSlowAndNotDead) {
  EXPECT_EQ(stalls_after(rate(1024), true, always), std::nullopt);
  EXPECT_NE(stalls_after(rate(900), true, always), std::nullopt);
  EXPECT_NE(stalls_after(rate(900), false, always), std::nullopt);
}

TEST_F(StallWatchTest, OnlyTimeInWhichSomebodyWaitsCounts) {
  EXPECT_EQ(stalls_after(nothing, true, never), std::nullopt);
  EXPECT_EQ(stalls_after(one_burst, true, never), std::nullopt);
  const auto from_ten = [](Duration t) { return t >= 10s; };
  EXPECT_EQ(stalls_after(nothing, true, from_ten), 12500ms);
  EXPECT_EQ(stalls_after(one_burst, true, from_ten), 13s);
}

TEST(FirstByteLimit, FollowsTheMembersHabits) {
  const ReadOptions options;
  EXPECT_EQ(first_byte_limit(options, std::nullopt, false), 3s);
  EXPECT_EQ(first_byte_limit(options, 100ms, false), 3s);
  EXPECT_EQ(first_byte_limit(options, 2s, false), 8s);
  EXPECT_EQ(first_byte_limit(options, 100ms, true), 10s);
}

}  // namespace
}  // namespace balancefs::test
