// When a member has stopped answering, told from requests that others overtook.
#include "balance/silence.h"

#include <gtest/gtest.h>

namespace balancefs::test {
namespace {

using namespace std::chrono_literals;

class SilenceTest : public ::testing::Test {
 protected:
  /// A request that another member overtakes after `time`; whether the member turned out to be silent.
  bool ask_in_vain(Duration time) {
    silence.asked(now);
    now += time;
    const bool found_out = silence.overtaken(now);
    silence.ended(now, true);
    return found_out;
  }
  TimePoint now{1h};
  Silence silence;
};

TEST_F(SilenceTest, OneLateRequestIsNoSilence) {
  EXPECT_FALSE(ask_in_vain(100ms));
  EXPECT_FALSE(silence.silent(now));
  EXPECT_FALSE(silence.avoided(now));
}

TEST_F(SilenceTest, WhoBringsNothingForAThirdOfASecondIsSilentAndAvoidedForAWhile) {
  EXPECT_TRUE(ask_in_vain(300ms));
  EXPECT_TRUE(silence.silent(now));
  EXPECT_TRUE(silence.avoided(now));
  now += 3s;
  EXPECT_FALSE(silence.avoided(now)) << "then it is asked again";
}

TEST_F(SilenceTest, TimesOfAskingAddUpAndTimesOfPeaceDoNot) {
  EXPECT_FALSE(ask_in_vain(200ms));
  now += 10s;
  EXPECT_EQ(silence.in_vain(now), 200ms);
  EXPECT_TRUE(ask_in_vain(100ms));
  EXPECT_EQ(silence.in_vain(now), 300ms);
}

TEST_F(SilenceTest, SeveralRequestsAtOnceCountOnce) {
  silence.asked(now);
  silence.asked(now);
  now += 200ms;
  EXPECT_FALSE(silence.overtaken(now));
  silence.ended(now, true);
  EXPECT_EQ(silence.in_vain(now), 200ms);
  now += 100ms;
  EXPECT_TRUE(silence.overtaken(now));
}

TEST_F(SilenceTest, OneByteToAnybodyEndsIt) {
  EXPECT_TRUE(ask_in_vain(400ms));
  silence.asked(now);
  silence.heard(now);
  EXPECT_FALSE(silence.silent(now));
  EXPECT_FALSE(silence.avoided(now));
  now += 400ms;
  EXPECT_FALSE(silence.silent(now)) << "late again, but nobody overtook it since";
}

TEST_F(SilenceTest, AnAnswerWithoutDataOrANobodyWhoWantsItSaysNothing) {
  silence.asked(now);
  now += 400ms;
  silence.ended(now, true);
  EXPECT_EQ(silence.in_vain(now), 0s);
}

TEST_F(SilenceTest, WhatWasGivenUpBeforeTheUsualTimeAddsNothing) {
  EXPECT_FALSE(ask_in_vain(200ms));
  silence.asked(now);
  now += 150ms;
  silence.ended(now, false);
  EXPECT_EQ(silence.in_vain(now), 200ms);
}

TEST_F(SilenceTest, ThePausesGrowWhileNothingComes) {
  std::vector<Duration> pauses;
  for (int i = 0; i < 7; ++i) {
    EXPECT_TRUE(ask_in_vain(300ms));
    const TimePoint begun = now;
    while (silence.avoided(now)) now += 1s;
    pauses.push_back(now - begun);
  }
  EXPECT_EQ(pauses, (std::vector<Duration>{3s, 6s, 12s, 24s, 48s, 48s, 48s}));
}

TEST_F(SilenceTest, TheCountBeginsAnewWithABlame) {
  EXPECT_TRUE(ask_in_vain(3s));
  silence.blamed(now);
  EXPECT_EQ(silence.in_vain(now), 0s);
}

}  // namespace
}  // namespace balancefs::test
