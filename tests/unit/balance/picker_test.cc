#include "balance/picker.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cmath>
#include <numeric>

namespace balancefs::test {
namespace {

using namespace std::chrono_literals;

std::vector<Picker::Candidate> equal(std::size_t count) {
  std::vector<Picker::Candidate> result;
  for (std::size_t i = 0; i < count; ++i) result.emplace_back(i, 0, 1000);
  return result;
}

TEST(Picker, EqualMembersTakeTurnsInOrder) {
  for (const std::size_t count : {1U, 2U, 3U, 4U}) {
    Picker picker(count);
    const auto members = equal(count);
    for (std::size_t i = 0; i < 20; ++i) EXPECT_EQ(picker.pick(members), i % count);
  }
}

TEST(Picker, PicksOfAHeavyMemberAreSpread) {
  Picker picker(3);
  std::vector<Picker::Candidate> members;
  members.emplace_back(0, 0, 5000);
  members.emplace_back(1, 0, 1000);
  members.emplace_back(2, 0, 1000);
  std::vector<MemberIndex> order;
  for (int i = 0; i < 7; ++i) order.push_back(*picker.pick(members));
  EXPECT_EQ(order, (std::vector<MemberIndex>{0, 0, 1, 0, 2, 0, 0}));
}

TEST(Picker, NobodyIsPickedFromNobody) {
  EXPECT_EQ(Picker(2).pick({}), std::nullopt);
}

TEST(Picker, OnlyTheLowestTierWithACandidateServes) {
  Picker picker(3);
  std::vector<Picker::Candidate> members;
  members.emplace_back(0, 1, 1000);
  members.emplace_back(1, 0, 1000);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(picker.pick(members), 1);
  members.pop_back();
  EXPECT_EQ(picker.pick(members), 0);
}

TEST(Picker, SharesConvergeToTheWeights) {
  EXPECT_TRUE(rc::check("every member's share stays within one turn of the others of its weight's", [] {
    const auto weights = *rc::gen::nonEmpty(rc::gen::container<std::vector<int>>(rc::gen::inRange(1, 50)));
    Picker picker(weights.size());
    std::vector<Picker::Candidate> members;
    for (std::size_t i = 0; i < weights.size(); ++i) members.emplace_back(i, 0, weights[i] * 1000);
    const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
    std::vector<int> picks(weights.size());
    for (int round = 1; round <= 200; ++round) {
      ++picks[*picker.pick(members)];
      for (std::size_t i = 0; i < weights.size(); ++i) {
        RC_ASSERT(std::abs(picks[i] - round * weights[i] / total) <= static_cast<double>(weights.size()));
      }
    }
  }));
}

TEST(Picker, NobodyEligibleStarves) {
  EXPECT_TRUE(
      rc::check("whoever is always a candidate is picked in bounded time, whoever else comes and goes", [] {
        const auto count = *rc::gen::inRange<std::size_t>(1, 6);
        const auto faithful = *rc::gen::inRange<std::size_t>(0, count);
        Picker picker(count);
        std::size_t waited = 0;
        for (const std::uint8_t mask :
             *rc::gen::container<std::vector<std::uint8_t>>(100, rc::gen::arbitrary<std::uint8_t>())) {
          std::vector<Picker::Candidate> members;
          for (std::size_t i = 0; i < count; ++i) {
            if (i == faithful || (mask >> i & 1) != 0) members.emplace_back(i, 0, 1000);
          }
          waited = *picker.pick(members) == faithful ? 0 : waited + 1;
          RC_ASSERT(waited <= count * count);
        }
      }));
}

TEST(EffectiveWeight, ClimbsFromATenthToAllAfterRecovery) {
  EXPECT_EQ(effective_weight(2, std::nullopt, 30s), 2000u);
  EXPECT_EQ(effective_weight(2, 0s, 30s), 200u);
  EXPECT_EQ(effective_weight(2, 15s, 30s), 1100u);
  EXPECT_EQ(effective_weight(2, 30s, 30s), 2000u);
}

}  // namespace
}  // namespace balancefs::test
