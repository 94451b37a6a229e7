// What each policy chooses, and that none of them starves or storms anybody.
#include "balance/policy.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cmath>
#include <numeric>
#include <random>

#include "balance/policy_fastest.h"

namespace balancefs::test {
namespace {

using namespace std::chrono_literals;
using Kind = GroupOptions::Policy;
using Candidates = std::vector<Policy::Candidate>;

constexpr TimePoint kNow{1h};

Candidates equal(std::size_t count) {
  Candidates result;
  for (std::size_t i = 0; i < count; ++i) result.emplace_back(i, 0, 1000);
  return result;
}

Candidates weighted(const std::vector<int>& weights) {
  Candidates result;
  for (std::size_t i = 0; i < weights.size(); ++i) result.emplace_back(i, 0, weights[i] * 1000);
  return result;
}

/// Members that brought their first bytes after so long, the last time just now.
Candidates measured(const std::vector<Duration>& first_bytes) {
  Candidates result = equal(first_bytes.size());
  for (std::size_t i = 0; i < result.size(); ++i) {
    result[i].first_byte = first_bytes[i];
    result[i].measured = kNow;
  }
  return result;
}

std::vector<int> shares(Policy& policy, const Candidates& among, int handles, TimePoint now = kNow) {
  std::vector<int> count(among.size());
  for (int i = 0; i < handles; ++i) ++count[*policy.pick(among, now)];
  return count;
}

auto any_weights() {
  return rc::gen::nonEmpty(rc::gen::container<std::vector<int>>(rc::gen::inRange(1, 50)));
}

// ---- what all policies share ----------------------------------------------------------------------------

class EveryPolicy : public testing::TestWithParam<Kind> {
 protected:
  std::unique_ptr<Policy> make(std::size_t members) { return make_policy(GetParam(), members); }
};

TEST_P(EveryPolicy, PicksNobodyFromNobody) {
  EXPECT_EQ(make(2)->pick({}, kNow), std::nullopt);
}

TEST_P(EveryPolicy, LetsOnlyTheLowestTierWithACandidateServe) {
  const auto policy = make(3);
  Candidates members = equal(2);
  members[0].tier = 1;
  for (int i = 0; i < 50; ++i) EXPECT_EQ(policy->pick(members, kNow), 1);
  members.pop_back();
  EXPECT_EQ(policy->pick(members, kNow), 0);
}

TEST_P(EveryPolicy, TakesMembersBelowTheirLimitsFirst) {
  const auto policy = make(3);
  Candidates members = equal(3);
  members[0].full = members[2].full = true;
  for (int i = 0; i < 50; ++i) EXPECT_EQ(policy->pick(members, kNow), 1);
  members[1].tier = 1;
  for (int i = 0; i < 50; ++i) EXPECT_NE(policy->pick(members, kNow), 1) << "inside a tier only";
}

TEST_P(EveryPolicy, NeverPicksWhoIsNoCandidate) {
  EXPECT_TRUE(rc::check("members come and go, and what is picked is there", [this] {
    const auto policy = make(6);
    for (const std::uint8_t mask :
         *rc::gen::container<std::vector<std::uint8_t>>(60, rc::gen::arbitrary<std::uint8_t>())) {
      Candidates members;
      for (std::size_t i = 0; i < 6; ++i) {
        if ((mask >> i & 1) == 0) continue;
        auto& member = members.emplace_back(i, 0, 1000);
        member.running = mask % 5;
        member.recovering = i == 3 && mask > 128;
        if (i % 2 == 0) member.first_byte = 10ms * (i + 1);
      }
      const auto picked = policy->pick(members, kNow);
      const auto is_picked = [&](const auto& member) { return member.member == picked; };
      RC_ASSERT(picked.has_value() == !members.empty());
      RC_ASSERT(members.empty() || std::ranges::any_of(members, is_picked));
    }
  }));
}

TEST_P(EveryPolicy, GivesAMemberThatRecoveredLittleAtFirst) {
  const auto policy = make(2);
  Candidates members = measured({10ms, 11ms});
  members[0].weight = 100;
  members[0].recovering = true;
  const int share = shares(*policy, members, 110)[0];
  EXPECT_EQ(share, 10) << "an eleventh";
}

INSTANTIATE_TEST_SUITE_P(All, EveryPolicy,
                         testing::Values(Kind::round_robin, Kind::least_in_flight, Kind::fastest,
                                         Kind::first));

// ---- round-robin ----------------------------------------------------------------------------------------

TEST(RoundRobin, EqualMembersTakeTurnsInOrder) {
  for (const std::size_t count : {1U, 2U, 3U, 4U}) {
    const auto policy = make_policy(Kind::round_robin, count);
    for (std::size_t i = 0; i < 20; ++i) EXPECT_EQ(policy->pick(equal(count), kNow), i % count);
  }
}

TEST(RoundRobin, PicksOfAHeavyMemberAreSpread) {
  const auto policy = make_policy(Kind::round_robin, 3);
  std::vector<MemberIndex> order;
  for (int i = 0; i < 7; ++i) order.push_back(*policy->pick(weighted({5, 1, 1}), kNow));
  EXPECT_EQ(order, (std::vector<MemberIndex>{0, 0, 1, 0, 2, 0, 0}));
}

TEST(RoundRobin, SharesConvergeToTheWeights) {
  EXPECT_TRUE(rc::check("every member's share stays within one turn of the others of its weight's", [] {
    const auto weights = *any_weights();
    const auto policy = make_policy(Kind::round_robin, weights.size());
    const Candidates members = weighted(weights);
    const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
    std::vector<int> picks(weights.size());
    for (int round = 1; round <= 200; ++round) {
      ++picks[*policy->pick(members, kNow)];
      for (std::size_t i = 0; i < weights.size(); ++i) {
        RC_ASSERT(std::abs(picks[i] - round * weights[i] / total) <= static_cast<double>(weights.size()));
      }
    }
  }));
}

TEST(RoundRobin, SharesConvergeWhileMembersComeAndGo) {
  EXPECT_TRUE(rc::check("each has had what its weight gave it while it was there", [] {
    const auto weights = *rc::gen::container<std::vector<int>>(5, rc::gen::inRange(1, 10));
    const auto policy = make_policy(Kind::round_robin, 5);
    std::vector<double> due(5);
    std::vector<int> picks(5);
    for (const std::uint8_t mask :
         *rc::gen::container<std::vector<std::uint8_t>>(40, rc::gen::inRange<std::uint8_t>(1, 32))) {
      Candidates members;
      double total = 0;
      for (std::size_t i = 0; i < 5; ++i) {
        if ((mask >> i & 1) == 0) continue;
        members.emplace_back(i, 0, weights[i] * 1000);
        total += weights[i];
      }
      for (int i = 0; i < 20; ++i) ++picks[*policy->pick(members, kNow)];
      for (const auto& member : members) due[member.member] += 20 * weights[member.member] / total;
    }
    for (std::size_t i = 0; i < 5; ++i) RC_ASSERT(std::abs(picks[i] - due[i]) <= 25);
  }));
}

TEST(RoundRobin, NobodyEligibleStarves) {
  EXPECT_TRUE(
      rc::check("whoever is always a candidate is picked in bounded time, whoever else comes and goes", [] {
        const auto count = *rc::gen::inRange<std::size_t>(1, 6);
        const auto faithful = *rc::gen::inRange<std::size_t>(0, count);
        const auto policy = make_policy(Kind::round_robin, count);
        std::size_t waited = 0;
        for (const std::uint8_t mask :
             *rc::gen::container<std::vector<std::uint8_t>>(100, rc::gen::arbitrary<std::uint8_t>())) {
          Candidates members;
          for (std::size_t i = 0; i < count; ++i) {
            if (i == faithful || (mask >> i & 1) != 0) members.emplace_back(i, 0, 1000);
          }
          waited = *policy->pick(members, kNow) == faithful ? 0 : waited + 1;
          RC_ASSERT(waited <= count * count);
        }
      }));
}

// ---- least-in-flight ------------------------------------------------------------------------------------

TEST(LeastInFlight, TakesWhoHasLeastUnderWayForItsWeight) {
  const auto policy = make_policy(Kind::least_in_flight, 3);
  Candidates members = weighted({1, 4, 1});
  members[0].running = 2;
  members[1].running = 5;
  members[2].running = 3;
  EXPECT_EQ(policy->pick(members, kNow), 1);
  members[1].running = 12;
  EXPECT_EQ(policy->pick(members, kNow), 0);
}

TEST(LeastInFlight, IdleMembersTakeTurnsByWeight) {
  const auto policy = make_policy(Kind::least_in_flight, 2);
  EXPECT_EQ(shares(*policy, weighted({1, 3}), 40), (std::vector<int>{10, 30}));
}

/// Members that serve requests of random length; every request that ends is followed by another.
struct UnderLoad {
  std::vector<int> picks;
  double farthest = 0;  ///< that a member's running requests were from its weight's share of all
};

UnderLoad serve_under_load(Policy& policy, const std::vector<int>& weights, int in_flight, int handles,
                           std::uint32_t seed) {
  const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
  std::mt19937 random(seed);
  Candidates members = weighted(weights);
  std::vector<MemberIndex> under_way;
  UnderLoad result;
  result.picks.resize(weights.size());
  for (int i = 0; i < handles; ++i) {
    if (i >= in_flight) {
      const std::size_t ended = random() % under_way.size();
      --members[under_way[ended]].running;
      under_way.erase(under_way.begin() + static_cast<std::ptrdiff_t>(ended));
    }
    const MemberIndex member = *policy.pick(members, kNow);
    ++result.picks[member];
    ++members[member].running;
    under_way.push_back(member);
    for (std::size_t k = 0; k < weights.size() && i + 1 >= in_flight; ++k)
      result.farthest =
          std::max(result.farthest, std::abs(members[k].running - in_flight * weights[k] / total));
  }
  return result;
}

// What is under way follows the weights to a request or two. How many a member was given in all depends on
// whose requests end, which is chance: six standard deviations, and one request under way more or less.
TEST(LeastInFlight, SharesConvergeToTheWeightsUnderLoadAndNobodyStarves) {
  EXPECT_TRUE(rc::check("what runs follows the weights, and so does what was served", [] {
    const auto weights = *rc::gen::container<std::vector<int>>(4, rc::gen::inRange(1, 5));
    const auto seed = *rc::gen::arbitrary<std::uint32_t>();
    const auto policy = make_policy(Kind::least_in_flight, 4);
    const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
    const UnderLoad served = serve_under_load(*policy, weights, 100, 4000, seed);
    RC_ASSERT(served.farthest <= 2);
    for (std::size_t i = 0; i < 4; ++i) {
      const double share = weights[i] / total;
      const double chance = 6 * std::sqrt(4000 * share * (1 - share));
      RC_ASSERT(std::abs(served.picks[i] - 4000 * share) <= chance + 4000 / 100);
    }
  }));
}

TEST(LeastInFlight, ASlowMemberGetsFewerWithoutBeingMeasured) {
  const auto policy = make_policy(Kind::least_in_flight, 2);
  Candidates members = equal(2);
  std::vector<int> picks(2);
  for (int i = 0; i < 100; ++i) {
    if (i % 10 == 0) members[0].running = 0;
    members[1].running = 0;  // answers before the next handle comes
    const MemberIndex member = *policy->pick(members, kNow);
    ++picks[member];
    ++members[member].running;
  }
  EXPECT_LE(picks[0], 20);
  EXPECT_GE(picks[0], 5) << "but it does not starve";
}

// ---- fastest --------------------------------------------------------------------------------------------

TEST(Fastest, TakesWhoBroughtItsFirstBytesSoonest) {
  const auto policy = make_policy(Kind::fastest, 3);
  EXPECT_EQ(shares(*policy, measured({50ms, 20ms, 30ms}), 30), (std::vector<int>{0, 30, 0}));
}

TEST(Fastest, MembersWithinATenthTakeTurnsByWeight) {
  const auto policy = make_policy(Kind::fastest, 3);
  Candidates members = measured({100ms, 109ms, 120ms});
  members[1].weight = 3000;
  EXPECT_EQ(shares(*policy, members, 40), (std::vector<int>{10, 30, 0}));
}

TEST(Fastest, TriesMembersOfWhichNothingIsKnownFirstWithOneHandleEach) {
  const auto policy = make_policy(Kind::fastest, 4);
  Candidates members = measured({20ms, 30ms, 0ms, 0ms});
  members[2].first_byte.reset();
  members[3].first_byte.reset();
  EXPECT_EQ(policy->pick(members, kNow), 2);
  EXPECT_EQ(policy->pick(members, kNow), 3);
  EXPECT_EQ(shares(*policy, members, 50), (std::vector<int>{50, 0, 0, 0})) << "no storm while they answer";
  EXPECT_EQ(policy->pick(members, kNow + Fastest::kStale), 2) << "nothing came of it: once more";
}

TEST(Fastest, WhereNobodyWasMeasuredAllTakeTurns) {
  const auto policy = make_policy(Kind::fastest, 3);
  EXPECT_EQ(shares(*policy, equal(3), 12), (std::vector<int>{4, 4, 4}));
}

TEST(Fastest, AMemberThatWasNotMeasuredForAWhileGetsAHandleNowAndThen) {
  const auto policy = make_policy(Kind::fastest, 2);
  Candidates members = measured({20ms, 90ms});
  const TimePoint later = kNow + Fastest::kStale;
  members[0].measured = later;
  int tried = 0;
  for (int i = 0; i < 100; ++i) tried += *policy->pick(members, later + i * 1s) == 1 ? 1 : 0;
  EXPECT_GE(tried, 3);
  EXPECT_LE(tried, 4) << "every 30 s at most";
  tried = 0;
  for (int i = 0; i < 50; ++i) tried += *policy->pick(members, later + i * 1h) == 1 ? 1 : 0;
  EXPECT_LE(tried, 5) << "and a tenth of the handles at most";
}

TEST(Fastest, AMemberThatImprovedTakesOver) {
  const auto policy = make_policy(Kind::fastest, 2);
  Candidates members = measured({20ms, 90ms});
  EXPECT_EQ(policy->pick(members, kNow), 0);
  members[1].first_byte = 5ms;
  EXPECT_EQ(policy->pick(members, kNow), 1);
}

TEST(Fastest, AFastMemberThatRecoveredTakesTurnsWithTheNext) {
  const auto policy = make_policy(Kind::fastest, 3);
  Candidates members = measured({5ms, 50ms, 90ms});
  members[0].weight = 500;
  members[0].recovering = true;
  EXPECT_EQ(shares(*policy, members, 30), (std::vector<int>{10, 20, 0}));
}

// ---- first ----------------------------------------------------------------------------------------------

TEST(First, TheOthersAreHotStandby) {
  const auto policy = make_policy(Kind::first, 3);
  Candidates members = weighted({1, 5, 5});
  EXPECT_EQ(shares(*policy, members, 20), (std::vector<int>{20, 0, 0}));
  members.erase(members.begin());
  EXPECT_EQ(policy->pick(members, kNow), 1);
}

TEST(First, WhenAllAreRecoveringTheFirstServes) {
  const auto policy = make_policy(Kind::first, 2);
  Candidates members = equal(2);
  for (auto& member : members) member.recovering = true;
  EXPECT_EQ(shares(*policy, members, 10), (std::vector<int>{10, 0}));
}

TEST(EffectiveWeight, ClimbsFromATenthToAllAfterRecovery) {
  EXPECT_EQ(effective_weight(2, std::nullopt, 30s), 2000u);
  EXPECT_EQ(effective_weight(2, 0s, 30s), 200u);
  EXPECT_EQ(effective_weight(2, 15s, 30s), 1100u);
  EXPECT_EQ(effective_weight(2, 30s, 30s), 2000u);
}

}  // namespace
}  // namespace balancefs::test
