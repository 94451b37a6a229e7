#include "balance/journal.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "balance/rate.h"

namespace balancefs::test {
namespace {

using namespace std::chrono_literals;

TimePoint at(Duration after) {
  return TimePoint(after);
}

TEST(JournalTest, WhatHappensAgainToAMemberIsCounted) {
  Journal journal;
  journal.add(Transition(at(1s), "/a", "closed", "open", "refused"));
  journal.add(Transition(at(2s), "/b", "closed", "open", "refused"));
  journal.add(Transition(at(3s), "/a", "open", "open", "refused"));
  journal.add(Transition(at(9s), "/a", "open", "open", "refused"));
  ASSERT_EQ(journal.all().size(), 3u);
  EXPECT_EQ(journal.all()[2].times, 2u);
  EXPECT_EQ(journal.all()[2].at, at(3s));
  EXPECT_EQ(journal.all()[2].last, at(9s));
  journal.add(Transition(at(10s), "/a", "open", "open", "timed out"));
  EXPECT_EQ(journal.all().size(), 4u) << "another reason is news";
}

TEST(JournalTest, TheIdsOfRequestsMakeNoDifference) {
  Journal journal;
  for (std::uint64_t id = 1; id <= 3; ++id) {
    Transition failed(at(1s), "/a", "open", "open", fmt::format("refused [#{:x}]", id));
    failed.id = id;
    journal.add(std::move(failed));
  }
  ASSERT_EQ(journal.all().size(), 1u);
  EXPECT_EQ(journal.all()[0].times, 3u);
  EXPECT_EQ(journal.all()[0].id, 3u) << "the last, which is what status shows";
  EXPECT_EQ(journal.all()[0].reason, "refused [#3]");
}

TEST(JournalTest, KeepsTheLastHundred) {
  Journal journal;
  for (int i = 0; i < 250; ++i)
    journal.add(Transition(at(i * 1s), "/a", "closed", "open", std::to_string(i)));
  ASSERT_EQ(journal.all().size(), Journal::kMost);
  EXPECT_EQ(journal.all().front().reason, "150");
  EXPECT_EQ(journal.all().back().reason, "249");
}

TEST(JournalTest, TellsWhoeverWantsToKnow) {
  Journal journal;
  std::size_t heard = 0;
  journal.set_on_add([&] { heard += journal.all().size(); });
  journal.add(Transition(at(1s), "/a", "closed", "open", "refused"));
  journal.add(Transition(at(2s), "/a", "closed", "open", "refused"));
  EXPECT_EQ(heard, 2u);
}

TEST(RecentRateTest, IsThatOfTheLastFiveWholeSeconds) {
  RecentRate rate;
  EXPECT_EQ(rate.at(at(100s)), 0);
  for (int second = 100; second < 110; ++second) {
    for (int i = 0; i < 10; ++i) rate.add(100, at(second * 1s + i * 100ms));
  }
  EXPECT_EQ(rate.at(at(110s)), 1000);
  EXPECT_EQ(rate.at(at(112s)), 600) << "the two seconds since brought nothing";
  EXPECT_EQ(rate.at(at(200s)), 0);
}

}  // namespace
}  // namespace balancefs::test
