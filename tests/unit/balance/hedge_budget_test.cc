// The bound of hedging, by count.
#include "balance/hedge_budget.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace balancefs::test {
namespace {

TEST(HedgeBudgetTest, TenMayBeSentAtOnceAndThenOneForEachTwentyRequests) {
  HedgeBudget budget;
  int sent = 0;
  while (budget.take()) ++sent;
  EXPECT_EQ(sent, 10);
  for (int i = 0; i < 19; ++i) budget.earn();
  EXPECT_FALSE(budget.take());
  budget.earn();
  EXPECT_TRUE(budget.take());
  EXPECT_FALSE(budget.take());
}

TEST(HedgeBudgetTest, WhatTakesTwoRequestsCostsTwo) {
  HedgeBudget budget;
  for (int i = 0; i < 9; ++i) EXPECT_TRUE(budget.take());
  EXPECT_FALSE(budget.take(2));
  EXPECT_TRUE(budget.take()) << "nothing was taken";
}

TEST(HedgeBudgetTest, AQuietHourSavesNoMoreThanTheBurst) {
  HedgeBudget budget;
  for (int i = 0; i < 100'000; ++i) budget.earn();
  int sent = 0;
  while (budget.take()) ++sent;
  EXPECT_EQ(sent, 10);
}

TEST(HedgeBudgetTest, NeverMoreThanTenAndFivePercentInAnyStretch) {
  EXPECT_TRUE(rc::check("extra requests stay below 10 + 5 % between any two moments", [] {
    HedgeBudget budget;
    std::vector<std::pair<int, int>> seen{{0, 0}};  // requests, extra ones
    for (int step = 0; step < 300; ++step) {
      auto [requests, extra] = seen.back();
      if (*rc::gen::arbitrary<bool>()) {
        budget.earn();
        ++requests;
      } else if (budget.take()) {
        ++extra;
      }
      seen.emplace_back(requests, extra);
    }
    for (std::size_t from = 0; from < seen.size(); from += 7) {
      for (std::size_t to = from; to < seen.size(); ++to) {
        const int requests = seen[to].first - seen[from].first;
        const int extra = seen[to].second - seen[from].second;
        RC_ASSERT(extra * 20 <= 10 * 20 + requests);
      }
    }
  }));
}

}  // namespace
}  // namespace balancefs::test
