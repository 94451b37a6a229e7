#include "meta/freshness.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace balancefs::test {
namespace {

using namespace std::chrono_literals;

const TimePoint kNow = TimePoint(1h);

MemberListing names(std::vector<std::string> list) {
  std::vector<ListedEntry> rows;
  for (std::string& name : list) rows.emplace_back(std::move(name), ObjectInfo());
  return MemberListing(std::move(rows));
}

class FreshnessTest : public ::testing::Test {
 protected:
  Use use(bool name_missing = false) { return decide(held, name_missing, kNow, options); }
  void aged(Duration age) {
    held.any = true;
    held.fresh_from = kNow - age;
  }
  Held held;
  MetadataOptions options;
};

TEST_F(FreshnessTest, FreshThenRevalidatedThenRefetchedFirst) {
  EXPECT_EQ(use(), Use::fetch);
  aged(60s);
  EXPECT_EQ(use(), Use::serve);
  EXPECT_EQ(use(true), Use::serve) << "a fresh listing proves absence";
  aged(61s);
  EXPECT_EQ(use(), Use::revalidate);
  EXPECT_EQ(use(true), Use::refetch);
  aged(10min);
  EXPECT_EQ(use(), Use::revalidate);
  aged(11min);
  EXPECT_EQ(use(), Use::refetch);
}

TEST_F(FreshnessTest, IncompleteAndExpiredListingsAreRefetchedFirst) {
  held.any = true;
  EXPECT_EQ(use(), Use::refetch);
  aged(1s);
  held.expired = true;
  EXPECT_EQ(use(), Use::refetch);
  EXPECT_FALSE(is_fresh(held, kNow, options));
}

TEST_F(FreshnessTest, AfterAFailedTryTheLastAnswerServesForAWhile) {
  aged(1h);
  held.retry_at = kNow + 1s;
  EXPECT_EQ(use(true), Use::serve);
  held.any = false;
  EXPECT_EQ(use(), Use::fetch) << "nothing is at hand that could serve";
}

TEST_F(FreshnessTest, LastGoodAnswersCountForEverUnlessBounded) {
  EXPECT_TRUE(still_counts(kNow - 1000h, true, kNow, options));
  options.stale_if_error = 5min;
  EXPECT_TRUE(still_counts(kNow - 5min, true, kNow, options));
  EXPECT_FALSE(still_counts(kNow - 6min, true, kNow, options));
  EXPECT_TRUE(still_counts(kNow - 6min, false, kNow, options)) << "nothing failed";
}

TEST_F(FreshnessTest, DeletionOfEverythingIsNotBelievedAtOnce) {
  const MemberListing three = names({"a", "b", "c"});
  EXPECT_FALSE(looks_vanished(MemberListing(), MemberListing()));
  EXPECT_TRUE(looks_vanished(names({"a"}), MemberListing()));
  EXPECT_TRUE(looks_vanished(three, names({"d"})));
  EXPECT_FALSE(looks_vanished(three, names({"c", "d"})));
  EXPECT_FALSE(looks_vanished(names({"a", "b"}), names({"d"})));
  const auto judge = [&](const MemberListing& listed, bool root, std::optional<TimePoint> since) {
    return judge_listing(three, listed, root, since, kNow, options);
  };
  EXPECT_EQ(judge(names({"a"}), false, std::nullopt), Belief::believe);
  EXPECT_EQ(judge(MemberListing(), false, std::nullopt), Belief::doubt);
  EXPECT_EQ(judge(MemberListing(), false, kNow - 29s), Belief::doubt);
  EXPECT_EQ(judge(MemberListing(), false, kNow - 30s), Belief::check_root);
  EXPECT_EQ(judge(MemberListing(), true, kNow - 24h), Belief::doubt);
  EXPECT_EQ(judge(names({"d"}), true, kNow - 30s), Belief::believe);
}

TEST_F(FreshnessTest, NotFoundIsAboutTheMemberThePathOrNothingYet) {
  EXPECT_EQ(judge_missing(true, false, ParentSays::nothing), Missing::failure);
  EXPECT_EQ(judge_missing(false, false, ParentSays::unknown), Missing::failure);
  EXPECT_EQ(judge_missing(false, true, ParentSays::unknown), Missing::ask_parent);
  EXPECT_EQ(judge_missing(false, true, ParentSays::lacks), Missing::ask_parent);
  EXPECT_EQ(judge_missing(false, false, ParentSays::directory), Missing::ask_parent);
  EXPECT_EQ(judge_missing(false, false, ParentSays::file), Missing::absent);
  EXPECT_EQ(judge_missing(false, false, ParentSays::lacks), Missing::absent);
  EXPECT_EQ(judge_missing(false, false, ParentSays::nothing), Missing::ask_parent);
}

RC_GTEST_PROP(FreshnessProperty, WhatServesAbsenceIsFreshOrWasTriedJustNow, ()) {
  Held held;
  MetadataOptions options;
  held.any = *rc::gen::arbitrary<bool>();
  held.expired = *rc::gen::arbitrary<bool>();
  if (*rc::gen::arbitrary<bool>()) held.fresh_from = kNow - std::chrono::seconds(*rc::gen::inRange(0, 2000));
  held.retry_at = kNow + std::chrono::seconds(*rc::gen::inRange(-5, 5));
  if (decide(held, true, kNow, options) == Use::serve) {
    RC_ASSERT(held.any);
    RC_ASSERT(is_fresh(held, kNow, options) || held.retry_at > kNow);
  }
}

}  // namespace
}  // namespace balancefs::test
