// One file over several members, and one of them slow, stalling or dying in the middle of it.
#include <gtest/gtest.h>

#include "mount/shaped_members.h"

namespace balancefs::test {
namespace {

constexpr std::uint64_t kSize = 32U << 20U;
constexpr std::uint32_t kSeed = 5;

struct Trouble {
  const char* name;
  ShaperFault fault;
  std::uint64_t argument = 0;
};

const Trouble kTroubles[] = {
    {"Refuse", ShaperFault::refuse},
    {"Reset", ShaperFault::reset},
    {"Stall", ShaperFault::stall},
    {"CutAfterSomeBytes", ShaperFault::cut, 77777},
    {"Unavailable503", ShaperFault::unavailable},
    {"Throttled429", ShaperFault::throttled, 120},
    {"NotFoundForEverything", ShaperFault::not_found},
    {"WrongContentRange", ShaperFault::wrong_range},
    {"WholeFileToARange", ShaperFault::ignore_range},
    {"AnotherEtag", ShaperFault::other_etag},
};

class Stripe : public ShapedMembers {
 protected:
  void SetUp() override {
    ShapedMembers::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    write_file(native() / "big", ramp_bytes(0, kSize, kSeed));
  }
  static ShaperSettings limited(std::uint64_t bytes_per_second) {
    ShaperSettings settings;
    settings.round_trip = std::chrono::milliseconds(10);
    settings.in_all = bytes_per_second;
    return settings;
  }
};

TEST_F(Stripe, OneFileComesFromAllMembers) {
  start_shaped(3, "stripe = true\n", limited(8U << 20U));
  OpenFile file(pt("big"));
  EXPECT_EQ(file.read_ramp(kSize, kSeed), kSize);
  for (int i = 0; i < 3; ++i) EXPECT_GT(shaper(i).counts().bytes, kSize / 6) << i;
  EXPECT_NE(source_of("big"), "");
}

TEST_F(Stripe, ASlowMemberGivesLittleAndHoldsNothingUp) {
  start_shaped(3, "stripe = true\n", limited(8U << 20U));
  shaper(1).set_settings(limited(200'000));
  OpenFile file(pt("big"));
  EXPECT_EQ(file.read_ramp(kSize, kSeed), kSize);
  EXPECT_LT(shaper(1).counts().bytes, kSize / 6);
}

TEST_F(Stripe, WithoutItOneMemberServesAHandle) {
  start_shaped(3, "stripe = false\n", limited(32U << 20U));
  OpenFile file(pt("big"));
  EXPECT_EQ(file.read_ramp(kSize, kSeed), kSize);
  int serving = 0;
  for (int i = 0; i < 3; ++i) serving += shaper(i).counts().bytes > kSize / 6 ? 1 : 0;
  EXPECT_EQ(serving, 1);
}

class StripeWithTrouble : public Stripe, public testing::WithParamInterface<Trouble> {};

TEST_P(StripeWithTrouble, AtOneMemberCostsNotAByte) {
  start_shaped(3, "stripe = true\n", limited(16U << 20U));
  OpenFile file(pt("big"));
  EXPECT_EQ(file.read_ramp(4U << 20U, kSeed), 4U << 20U);
  shaper(1).set_fault(GetParam().fault, GetParam().argument);
  const std::uint64_t before = shaper(1).counts().bytes;
  EXPECT_EQ(file.read_ramp(kSize, kSeed), kSize - (4U << 20U));
  EXPECT_LT(shaper(1).counts().bytes - before, kSize / 2) << "the others gave the rest";
  EXPECT_NE(source_of("big"), "");
}

TEST_P(StripeWithTrouble, AtTwoMembersLeavesTheThird) {
  start_shaped(3, "stripe = true\n", limited(16U << 20U));
  OpenFile file(pt("big"));
  EXPECT_EQ(file.read_ramp(4U << 20U, kSeed), 4U << 20U);
  shaper(0).set_fault(GetParam().fault, GetParam().argument);
  shaper(2).set_fault(GetParam().fault, GetParam().argument);
  EXPECT_EQ(file.read_ramp(kSize, kSeed), kSize - (4U << 20U));
  EXPECT_EQ(source_of("big"), member_name(1));
}

INSTANTIATE_TEST_SUITE_P(Kinds, StripeWithTrouble, testing::ValuesIn(kTroubles),
                         [](const auto& trouble) { return std::string(trouble.param.name); });

TEST_F(Stripe, AServerThatIsKilledAndOneThatFreezesCostNotAByte) {
  start_shaped(3, "stripe = true\n", limited(16U << 20U));
  OpenFile file(pt("big"));
  EXPECT_EQ(file.read_ramp(4U << 20U, kSeed), 4U << 20U);
  member(0).stop();
  EXPECT_EQ(file.read_ramp(4U << 20U, kSeed), 4U << 20U);
  member(2).freeze();
  EXPECT_EQ(file.read_ramp(kSize, kSeed), kSize - (8U << 20U));
  member(2).thaw();
}

}  // namespace
}  // namespace balancefs::test
