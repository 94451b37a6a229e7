// The limits of members and of the accounts that they share hold for a comparison too.
#include <fmt/format.h>

#include "verify_fixture.h"

namespace balancefs::test {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kMiB = 1024 * 1024;

// SEMANTICS: "A `verify` keeps to the limits of its members and of their accounts."
class VerifyLimitsTest : public VerifyTest {
 protected:
  std::shared_ptr<Account> account(const LimitOptions& limits) {
    return std::make_shared<Account>(limits, t_.clock);
  }
  void add_folders(int count) {
    for (int i = 0; i < count; ++i) add_everywhere(fmt::format("d{:02}/f", i), 10);
  }
  Duration time_of_comparison(VerifyOutcome expected, VerifyOptions options = VerifyOptions()) {
    const TimePoint begun = t_.clock.now();
    EXPECT_EQ(compare(std::move(options)), expected);
    return t_.clock.now() - begun;
  }
};

TEST_F(VerifyLimitsTest, RequestsKeepToTheirRate) {
  add_folders(49);
  LimitOptions limits;
  limits.requests_per_second = 10;
  accounts_[1] = account(limits);
  const Duration took = time_of_comparison(VerifyOutcome::same);
  EXPECT_GE(took, 4s) << "50 listings, of which a second's worth begins at once";
  EXPECT_LE(took, 5s);
}

TEST_F(VerifyLimitsTest, MembersOfOneAccountShareItsRate) {
  add_folders(49);
  LimitOptions limits;
  limits.requests_per_second = 10;
  accounts_[0] = accounts_[1] = account(limits);
  EXPECT_GE(time_of_comparison(VerifyOutcome::same), 9s);
}

TEST_F(VerifyLimitsTest, NoMoreRequestsAreUnderWayThanConnectionsAreAllowed) {
  add_folders(20);
  for (FakeStorage* fake : fakes_) fake->latency = 10ms;
  LimitOptions limits;
  limits.max_connections = 1;
  accounts_[1] = account(limits);
  EXPECT_EQ(compare(), VerifyOutcome::same);
  EXPECT_EQ(fakes_[1]->counts.most_running, 1);
  EXPECT_GT(fakes_[0]->counts.most_running, 1);
}

TEST_F(VerifyLimitsTest, BytesKeepToTheBandwidthInPiecesOfHalfASecond) {
  add_everywhere("film", 8 * kMiB);
  LimitOptions limits;
  limits.bandwidth = kMiB;
  accounts_[2] = account(limits);
  VerifyOptions options;
  options.deep = true;
  EXPECT_GE(time_of_comparison(VerifyOutcome::same, options), 6s) << "at most a second and a piece at once";
  EXPECT_EQ(fakes_[2]->counts.bytes, 8 * kMiB);
  for (const ByteRange& range : fakes_[2]->counts.ranges) EXPECT_LE(range.length, kMiB / 2);
  EXPECT_EQ(fakes_[0]->counts.ranges.size(), 4u) << "who has no limit is asked for whole blocks";
}

TEST_F(VerifyLimitsTest, BytesThatDidNotComeAreGivenBack) {
  add_everywhere("film", kMiB);
  LimitOptions limits;
  limits.bandwidth = kMiB;
  accounts_[1] = account(limits);
  VerifyOptions options;
  options.deep = true;
  options.pace.pause = 0s;
  for (int call = 1; call <= 2; ++call)
    members_[1]->add({Call::read, call, 0, Error(ErrorKind::unavailable, "reset")});
  EXPECT_EQ(time_of_comparison(VerifyOutcome::same, options), 0s);
}

TEST_F(VerifyLimitsTest, TimeInTheQueueIsNoTimeout) {
  add_folders(20);
  LimitOptions limits;
  limits.requests_per_second = 1;
  accounts_[1] = account(limits);
  VerifyOptions options;
  options.pace.request_timeout = 100ms;
  EXPECT_EQ(compare(options), VerifyOutcome::same);
}

TEST_F(VerifyLimitsTest, WhoWaitsInTheQueueWhileTheMemberAsksForAPauseWaitsForThatToo) {
  add_folders(8);
  fakes_[1]->latency = 10ms;
  LimitOptions limits;
  limits.max_connections = 1;
  accounts_[1] = account(limits);
  Error throttled(ErrorKind::throttled, "429");
  throttled.retry_after = 30s;
  members_[1]->add({Call::list, 2, 0, throttled});
  make();
  Flow<Result<void>> flow(t_.executor(), comparison_->run());
  t_.pass(29s);
  EXPECT_EQ(members_[1]->calls(Call::list), 2);
  t_.pass(10s);
  ASSERT_TRUE(flow.done());
  EXPECT_EQ(outcome_of(counts(), false), VerifyOutcome::same);
}

TEST_F(VerifyLimitsTest, StoppedWhileItWaitsForALimitItLeavesTheQueue) {
  add_folders(20);
  LimitOptions limits;
  limits.requests_per_second = 1;
  accounts_[0] = accounts_[1] = account(limits);
  make();
  Flow<Result<void>> flow(t_.executor(), comparison_->run());
  t_.pass(3s);
  comparison_->stop();
  t_.settle();
  ASSERT_TRUE(flow.done());
  EXPECT_TRUE(t_.clock.idle()) << "nothing is left to come";
}

}  // namespace
}  // namespace balancefs::test
