// The policies at work in a group: new handles, handles that move, members that are out.
#include "group_fixture.h"

namespace balancefs::test {
namespace {

using Kind = GroupOptions::Policy;

GroupOptions with(Kind policy) {
  GroupOptions rules;
  rules.policy = policy;
  return rules;
}

class RoutePolicyTest : public GroupFixture {};

TEST_F(RoutePolicyTest, FirstServesUntilItFailsAndTheHandleMovesToTheNextInOrder) {
  build(3, {}, with(Kind::first));
  EXPECT_EQ(shares(6), (std::vector<int>{6, 0, 0}));
  auto version = film();
  auto reader = open(version);
  EXPECT_TRUE(read(*reader, 0, 1000).has_value());
  members[0]->fail_everything = refused();
  EXPECT_TRUE(read(*reader, 1000, 1000).has_value());
  EXPECT_EQ(version->last_member(), 1);
  EXPECT_EQ(members[2]->counts.read, 0);
}

TEST_F(RoutePolicyTest, FastestLearnsWhoIsFastest) {
  build(3, {}, with(Kind::fastest));
  members[0]->latency = 300ms;
  members[1]->latency = 20ms;
  members[2]->latency = 100ms;
  EXPECT_EQ(shares(3), (std::vector<int>{1, 1, 1})) << "each is measured once";
  EXPECT_EQ(shares(10), (std::vector<int>{0, 10, 0}));
  members[1]->latency = 400ms;
  EXPECT_GE(shares(20)[2], 10) << "it follows them";
}

TEST_F(RoutePolicyTest, LeastInFlightLeavesOutAMemberWhoseRequestsHang) {
  build(2, {}, with(Kind::least_in_flight));
  members[0]->latency = 2s;
  std::vector<std::unique_ptr<ObjectReader>> readers;
  std::deque<StringSink> sinks;
  std::deque<RequestContext> contexts;
  std::deque<Flow<Result<void>>> flows;
  for (int i = 0; i < 10; ++i) {
    readers.push_back(open());
    flows.emplace_back(t.executor(), readers.back()->read(ByteRange(0, 1000), sinks.emplace_back(),
                                                          contexts.emplace_back(Priority::demand)));
    t.pass(50ms);
  }
  EXPECT_EQ(members[0]->counts.read, 1) << "the other is idle again each time";
  EXPECT_EQ(members[1]->counts.read, 9);
  t.pass(5s);
  for (auto& flow : flows) EXPECT_TRUE(flow.take().has_value());
}

class RouteWithEveryPolicy : public GroupFixture, public testing::WithParamInterface<Kind> {};

TEST_P(RouteWithEveryPolicy, GivesNothingNewToDrainedAndEjectedMembers) {
  std::vector<StorageOptions> options(3);
  options[0].enabled = false;
  build(3, options, with(GetParam()));
  members[1]->fail_probe = refused();
  eject(1);
  EXPECT_EQ(shares(40), (std::vector<int>{0, 0, 40}));
}

TEST_P(RouteWithEveryPolicy, KeepsAHandleAtItsMember) {
  build(3, {}, with(GetParam()));
  auto version = film();
  auto reader = open(version);
  EXPECT_TRUE(read(*reader, 0, 1000).has_value());
  const auto chosen = version->last_member();
  members[*chosen]->latency = 500ms;
  shares(6);
  for (int i = 1; i < 5; ++i) EXPECT_TRUE(read(*reader, i * 1000, 1000).has_value());
  EXPECT_EQ(version->last_member(), chosen) << "a better score never moves it";
}

INSTANTIATE_TEST_SUITE_P(All, RouteWithEveryPolicy,
                         testing::Values(Kind::round_robin, Kind::least_in_flight, Kind::fastest,
                                         Kind::first));

}  // namespace
}  // namespace balancefs::test
