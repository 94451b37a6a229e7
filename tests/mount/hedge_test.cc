// Hedging over a real mount: a member that stalls or dawdles in the middle of a read costs no byte, and few
// requests beyond those that reading takes anyway.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "mount/shaped_members.h"

namespace balancefs::test {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kSize = 32U << 20U;
constexpr std::uint32_t kSeed = 3;
constexpr const char* kExtra = "is asked too";

class Hedging : public ShapedMembers {
 protected:
  static ShaperSettings far_away(std::chrono::milliseconds round_trip) {
    ShaperSettings settings;
    settings.round_trip = round_trip;
    settings.in_all = 16U << 20U;
    return settings;
  }
  int index_of_source(const std::string& name) {
    for (int i = 0; i < static_cast<int>(shapers_.size()); ++i) {
      if (source_of(name) == member_name(i)) return i;
    }
    throw std::runtime_error(name + " comes from nobody: " + source_of(name));
  }
  void expect_within_the_bucket() {
    EXPECT_LE(times_logged(kExtra), 10 + requests_of_all() / 20) << "5 % of the requests, burst 10";
  }
};

TEST_F(Hedging, AMemberThatStallsInTheMiddleOfAReadCostsNotAByte) {
  write_file(native() / "big", ramp_bytes(0, kSize, kSeed));
  start_shaped(3, "hedge = true\n", far_away(20ms));
  OpenFile file(pt("big"));
  EXPECT_EQ(file.read_ramp(8U << 20U, kSeed), 8U << 20U);
  const int stalled = index_of_source("big");
  shaper(stalled).set_fault(ShaperFault::stall);
  EXPECT_EQ(file.read_ramp(kSize, kSeed), kSize - (8U << 20U));
  EXPECT_NE(index_of_source("big"), stalled);
  EXPECT_GE(times_logged(kExtra), 1u);
  expect_within_the_bucket();
}

TEST_F(Hedging, AMemberThatIsKilledInTheMiddleOfAReadCostsNotAByte) {
  write_file(native() / "big", ramp_bytes(0, kSize, kSeed));
  start_shaped(2, "hedge = true\n", far_away(20ms));
  OpenFile file(pt("big"));
  EXPECT_EQ(file.read_ramp(8U << 20U, kSeed), 8U << 20U);
  member(index_of_source("big")).stop();
  EXPECT_EQ(file.read_ramp(kSize, kSeed), kSize - (8U << 20U));
  expect_within_the_bucket();
}

TEST_F(Hedging, AMemberThatDawdlesNowAndThenIsHelpedWithinTheBucket) {
  make_files(native() / "d", 200, 20'000);
  start_shaped(2, "hedge = true\n", far_away(10ms));
  ASSERT_EQ(run({"ls", pt("d")}).status, 0);
  std::atomic<bool> ended = false;
  std::thread dawdling([&] {
    for (int turn = 0; !ended; ++turn) {
      shaper(0).set_settings(far_away(turn % 2 == 0 ? 400ms : 10ms));
      std::this_thread::sleep_for(100ms);
    }
  });
  const ProgramResult sums = run_script("sha256sum *", pt("d"));
  ended = true;
  dawdling.join();
  EXPECT_EQ(sums.status, 0) << sums.text();
  EXPECT_EQ(sums.out, run_script("sha256sum *", native() / "d").out);
  expect_within_the_bucket();
}

TEST_F(Hedging, WithoutItNobodyIsAskedTwice) {
  write_file(native() / "big", ramp_bytes(0, kSize, kSeed));
  start_shaped(2, "hedge = false\n", far_away(20ms));
  OpenFile file(pt("big"));
  EXPECT_EQ(file.read_ramp(8U << 20U, kSeed), 8U << 20U);
  const int stalled = index_of_source("big");
  shaper(stalled).set_fault(ShaperFault::stall);
  EXPECT_EQ(file.read_ramp(kSize, kSeed), kSize - (8U << 20U));
  EXPECT_EQ(times_logged(kExtra), 0u);
}

}  // namespace
}  // namespace balancefs::test
