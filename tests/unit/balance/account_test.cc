// Who may ask a limited storage next: priorities, fairness between handles, and what leaving leaves behind.
#include "balance/account.h"

#include <gtest/gtest.h>

#include <deque>
#include <memory>

#include "balance/accounts.h"
#include "support/test_loop.h"

namespace balancefs::test {
namespace {

using namespace std::chrono_literals;

LimitOptions connections(std::uint32_t count) {
  LimitOptions limits;
  limits.max_connections = count;
  return limits;
}

class AccountTest : public testing::Test {
 protected:
  /// One that takes `time` once it may start, and says so in `order`.
  struct Request {
    std::string name;
    RequestContext why;
    bool ended = false;
    FlowHandle flow;
    Request(std::string called, Priority priority) : name(std::move(called)), why(priority) {}
  };

  Request& ask(std::string name, const void* handle, Priority priority, Duration time = 1s,
               std::uint64_t bytes = 1) {
    Request& request = requests.emplace_back(std::move(name), priority);
    request.flow = t.scope.spawn(run(request, handle, bytes, time));
    t.settle();
    return request;
  }
  Task<void> run(Request& request, const void* handle, std::uint64_t bytes, Duration time) {
    Account::Waiter waiter(*account, handle, bytes, request.why);
    while (!waiter.granted()) co_await waiter.wait_until(TimePoint::max());
    Account::Permit permit = waiter.take();
    order.push_back(request.name);
    most_running = std::max(most_running, account->running());
    co_await sleep_for(t.clock, time);
    permit.used(bytes);
    request.ended = true;
  }
  void TearDown() override {
    t.scope.cancel();
    t.settle();
    EXPECT_EQ(account->running(), 0u);
  }

  TestLoop t;
  std::unique_ptr<Account> account = std::make_unique<Account>(connections(1), t.clock);
  std::deque<Request> requests;
  std::vector<std::string> order;
  std::uint32_t most_running = 0;
  const int film = 0, song = 0, tree = 0;  ///< handles: their addresses
};

using Order = std::vector<std::string>;

TEST_F(AccountTest, WhoComesFirstStartsAtOnceAndTheOthersWait) {
  ask("a", &film, Priority::demand);
  ask("b", &song, Priority::demand);
  EXPECT_EQ(order, Order({"a"}));
  EXPECT_TRUE(account->busy());
  t.pass(1s);
  EXPECT_EQ(order, Order({"a", "b"}));
  t.pass(1s);
  EXPECT_FALSE(account->busy());
  EXPECT_EQ(most_running, 1u);
}

TEST_F(AccountTest, DemandGoesBeforeMetadataBeforePrefetch) {
  ask("running", &film, Priority::demand);
  ask("ahead", &film, Priority::prefetch);
  ask("listing", &tree, Priority::metadata);
  ask("part", &song, Priority::demand);
  t.pass(4s);
  EXPECT_EQ(order, Order({"running", "part", "listing", "ahead"}));
}

TEST_F(AccountTest, WhatNobodyWaitsForIsPrefetch) {
  ask("running", &film, Priority::demand);
  Request& revalidation = ask("revalidation", &tree, Priority::metadata);
  revalidation.why.awaited = false;
  ask("listing", &tree, Priority::metadata);
  t.pass(3s);
  EXPECT_EQ(order, Order({"running", "listing", "revalidation"}));
}

TEST_F(AccountTest, APriorityThatIsRaisedInTheQueueCounts) {
  ask("running", &film, Priority::demand);
  ask("ahead", &song, Priority::prefetch);
  Request& demanded = ask("demanded", &film, Priority::prefetch);
  demanded.why.priority = Priority::demand;
  demanded.why.awaited = true;
  t.pass(3s);
  EXPECT_EQ(order, Order({"running", "demanded", "ahead"}));
}

TEST_F(AccountTest, HandlesTakeTurnsHoweverManyRequestsEachHas) {
  ask("running", &tree, Priority::demand);
  for (int i = 0; i < 4; ++i) ask("film", &film, Priority::demand);
  for (int i = 0; i < 2; ++i) ask("song", &song, Priority::demand);
  t.pass(7s);
  EXPECT_EQ(order, Order({"running", "film", "song", "film", "song", "film", "film"}));
}

TEST_F(AccountTest, AHandleThatComesBackEachTimeGetsItsShare) {
  ask("running", &tree, Priority::demand);
  for (int i = 0; i < 20; ++i) ask("film", &film, Priority::demand);
  for (int i = 0; i < 5; ++i) {
    ask("song", &song, Priority::demand);
    t.pass(2s);
  }
  EXPECT_GE(std::ranges::count(order, "song"), 4) << "every second turn, but for those of the oldest";
}

TEST_F(AccountTest, NobodyStarvesBehindHigherPriorities) {
  ask("part", &film, Priority::demand);
  Request& ahead = ask("ahead", &song, Priority::prefetch);
  for (int i = 0; i < 9 && !ahead.ended; ++i) {
    ask("part", &film, Priority::demand);
    t.pass(1s);
  }
  EXPECT_TRUE(ahead.ended);
  EXPECT_GE(order.size(), 7u) << "but it waits for several of them";
}

TEST_F(AccountTest, LeavingTheQueueLeavesNothingBehind) {
  ask("running", &film, Priority::demand);
  Request& leaving = ask("leaving", &song, Priority::demand);
  ask("last", &tree, Priority::metadata);
  leaving.flow.cancel();
  t.pass(2s);
  EXPECT_EQ(order, Order({"running", "last"}));
  EXPECT_FALSE(account->busy());
}

TEST_F(AccountTest, WhoLeavesInTheMomentOfItsGrantGivesItBack) {
  ask("running", &film, Priority::demand);
  Request& leaving = ask("leaving", &song, Priority::demand);
  ask("last", &tree, Priority::demand);
  t.clock.advance(1s);
  t.loop.restart();
  t.loop.poll_one();  // the first ends, and its successor is told
  leaving.flow.cancel();
  t.pass(2s);
  EXPECT_EQ(order.back(), "last");
  EXPECT_FALSE(account->busy());
}

TEST_F(AccountTest, RatesWakeWhoeverWaitsWhenItIsTime) {
  LimitOptions limits;
  limits.requests_per_second = 2;
  account = std::make_unique<Account>(limits, t.clock);
  for (int i = 0; i < 6; ++i) ask("a", &film, Priority::demand, 1ms);
  EXPECT_EQ(order.size(), 2u);
  t.pass(1s);
  EXPECT_EQ(order.size(), 4u);
  t.pass(1s);
  EXPECT_EQ(order.size(), 6u);
}

TEST_F(AccountTest, BytesThatNeverCameLetTheNextStartSooner) {
  LimitOptions limits;
  limits.bandwidth = 1 << 20;
  account = std::make_unique<Account>(limits, t.clock);
  Request& cancelled = ask("cancelled", &film, Priority::demand, 1s, 10 << 20);
  ask("next", &song, Priority::demand, 1s, 1 << 20);
  EXPECT_EQ(order, Order({"cancelled"}));
  cancelled.flow.cancel();
  t.settle();
  EXPECT_EQ(order, Order({"cancelled", "next"}));
}

TEST_F(AccountTest, ListingsAreNotHeldUpByTheBandwidth) {
  LimitOptions limits;
  limits.bandwidth = 1 << 20;
  account = std::make_unique<Account>(limits, t.clock);
  ask("part", &film, Priority::demand, 1s, 10 << 20);
  ask("waiting", &song, Priority::demand, 1s, 1 << 20);
  ask("listing", &tree, Priority::metadata, 1s, 0);
  EXPECT_EQ(order, Order({"part", "listing"}));
}

TEST_F(AccountTest, ProbesDoNotWaitButCount) {
  ask("running", &film, Priority::demand, 1s);
  {
    const Account::Permit probe = account->enter_at_once();
    EXPECT_EQ(account->running(), 2u);
    ask("next", &song, Priority::demand);
    t.pass(1s);
    EXPECT_EQ(order, Order({"running"})) << "the probe holds the only place";
  }
  t.settle();
  EXPECT_EQ(order, Order({"running", "next"}));
}

TEST_F(AccountTest, StoragesOfOneAccountShareItAndOthersHaveTheirOwn) {
  Accounts accounts(t.clock);
  StorageOptions one;
  one.path = "/a";
  one.limits = connections(3);
  StorageOptions other = one;
  other.path = "/b";
  EXPECT_NE(accounts.of(one), accounts.of(other));
  one.account = other.account = "provider";
  const auto shared = accounts.of(one);
  EXPECT_EQ(shared, accounts.of(other));
  other.limits = connections(1);
  const Account::Permit under_way = shared->enter_at_once();
  EXPECT_FALSE(shared->busy());
  EXPECT_EQ(accounts.of(other), shared) << "a configuration that is loaded again finds it";
  EXPECT_TRUE(shared->busy()) << "with its new limits and what is under way";
  EXPECT_EQ(accounts.of(StorageOptions()), nullptr);
}

}  // namespace
}  // namespace balancefs::test
