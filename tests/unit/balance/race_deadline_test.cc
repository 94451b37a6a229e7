// Reads that no member can serve end within the read's time, by stripe and by hedging as without either, and
// ask nobody without a pause.
#include "group_fixture.h"

namespace balancefs::test {
namespace {

enum class Fault { silent, breaks_at_the_same_byte, throttled, breaks_after_a_proof };

struct Case {
  bool stripe;
  bool hedge;
  Fault fault;
};

class RaceDeadlineTest : public GroupFixture, public ::testing::WithParamInterface<Case> {
 protected:
  void spoil(Fault fault) {
    for (FakeStorage* member : members) {
      member->counts.read = 0;
      if (fault == Fault::silent) {
        member->stall = true;
      } else if (fault == Fault::throttled) {
        member->fail_read = throttled(5s);
      } else {
        member->cut_read_at = 50'000;
      }
    }
  }
};

TEST_P(RaceDeadlineTest, TheReadEndsInTime) {
  GroupOptions rules;
  rules.stripe = GetParam().stripe;
  rules.hedge = GetParam().hedge;
  build(3, {}, rules);
  for (FakeStorage* member : members) member->latency = 20ms;
  auto version = film();
  auto reader = open(version);
  for (int i = 0; i < 12; ++i) EXPECT_TRUE(read(*reader, i * 1000, 1000).has_value());
  HeldStart held(5000);
  if (GetParam().fault == Fault::breaks_after_a_proof) version->set_held(&held);
  spoil(GetParam().fault);
  const TimePoint begun = t.clock.now();
  EXPECT_FALSE(read(*reader, 40'000, 20'000).has_value());
  EXPECT_GE(t.clock.now() - begun, 59s);
  EXPECT_LE(t.clock.now() - begun, 61s);
  int asked = 0;
  for (FakeStorage* member : members) asked += member->counts.read;
  EXPECT_LT(asked, 100);
  version->set_held(nullptr);
  for (FakeStorage* member : members) member->stall = false;
}

std::vector<Case> all_cases() {
  std::vector<Case> cases;
  for (const Fault fault :
       {Fault::silent, Fault::breaks_at_the_same_byte, Fault::throttled, Fault::breaks_after_a_proof}) {
    for (const bool stripe : {false, true}) {
      for (const bool hedge : {false, true}) cases.push_back({stripe, hedge, fault});
    }
  }
  return cases;
}

INSTANTIATE_TEST_SUITE_P(Modes, RaceDeadlineTest, ::testing::ValuesIn(all_cases()));

}  // namespace
}  // namespace balancefs::test
