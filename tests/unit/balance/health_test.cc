// The health machine, edge by edge, with time as a parameter.
#include "balance/health.h"

#include <gtest/gtest.h>

#include <functional>

namespace balancefs::test {
namespace {

using namespace std::chrono_literals;
using Change = HealthTracker::Change;

class HealthTest : public ::testing::Test {
 protected:
  Change fail_with(Error error) { return tracker.failed(tracker.begin(), error, now); }
  Change fail_with(ErrorKind kind) { return fail_with(Error(kind, "as told")); }
  Change die() { return fail_with(ErrorKind::unavailable); }
  void succeed() { tracker.succeeded(tracker.begin(), now); }
  void open() {
    for (int i = 0; i < 3; ++i) die();
    ASSERT_EQ(tracker.state(), HealthState::open);
  }
  void recover() {
    now = std::max(now, tracker.probe_due());
    tracker.begin_probe();
    tracker.probe_succeeded(now);
    ASSERT_EQ(tracker.probe_succeeded(now), Change::closed);
  }
  /// Multiples of 5 s, the jitter rounded away.
  double open_times() const { return std::chrono::duration<double>(tracker.probe_due() - now).count() / 5; }

  HealthOptions options;
  Random random{7};
  TimePoint now{1h};
  HealthTracker tracker{options, random, now};
};

// ---- CLOSED to OPEN -------------------------------------------------------------------------------------

TEST_F(HealthTest, ThreeConsecutiveFailuresOpen) {
  EXPECT_EQ(die(), Change::none);
  EXPECT_EQ(die(), Change::none);
  EXPECT_EQ(tracker.state(), HealthState::closed);
  EXPECT_EQ(die(), Change::opened);
  EXPECT_EQ(tracker.state(), HealthState::open);
  EXPECT_EQ(tracker.reason(), "unavailable: as told");
  EXPECT_EQ(tracker.since(), now);
}

TEST_F(HealthTest, ASuccessBetweenBeginsTheCountAnew) {
  for (int i = 0; i < 4; ++i) {
    die();
    die();
    succeed();
    now += 11s;
  }
  EXPECT_EQ(tracker.state(), HealthState::closed);
}

TEST_F(HealthTest, HalfOfTenInTenSecondsOpen) {
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(die(), Change::none);
    succeed();
    now += 1s;
  }
  EXPECT_EQ(die(), Change::none);
  succeed();
  EXPECT_EQ(die(), Change::opened);
}

TEST_F(HealthTest, HalfOfTenOverALongerTimeDoNotOpen) {
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(die(), Change::none);
    succeed();
    now += 3s;
  }
  EXPECT_EQ(tracker.state(), HealthState::closed);
}

TEST_F(HealthTest, LessThanHalfDoesNotOpen) {
  for (int i = 0; i < 20; ++i) {
    die();
    succeed();
    succeed();
  }
  EXPECT_EQ(tracker.state(), HealthState::closed);
}

TEST_F(HealthTest, FailuresOfOneStateCountOnce) {
  std::vector<HealthTracker::Token> tokens;
  for (int i = 0; i < 32; ++i) tokens.push_back(tracker.begin());
  for (const auto& token : tokens) {
    EXPECT_EQ(tracker.failed(token, Error(ErrorKind::stalled, "together"), now), Change::none);
  }
  die();
  EXPECT_EQ(tracker.state(), HealthState::closed);
  EXPECT_EQ(die(), Change::opened);
}

TEST_F(HealthTest, AnOldSuccessDoesNotHideNewFailures) {
  const auto old = tracker.begin();
  die();
  die();
  tracker.succeeded(old, now);
  EXPECT_EQ(die(), Change::opened);
}

TEST_F(HealthTest, EveryKindCountsAsTheTableSays) {
  const auto opens_after_three = [](ErrorKind kind) {
    HealthOptions defaults;
    Random jitter(1);
    const TimePoint at(1h);
    HealthTracker fresh(defaults, jitter, at);
    for (int i = 0; i < 3; ++i) fresh.failed(fresh.begin(), Error(kind, "as told"), at);
    return !fresh.closed();
  };
  for (const ErrorKind dead :
       {ErrorKind::unavailable, ErrorKind::stalled, ErrorKind::timed_out, ErrorKind::corrupted}) {
    EXPECT_TRUE(opens_after_three(dead)) << to_string(dead);
  }
  for (const ErrorKind harmless :
       {ErrorKind::not_found, ErrorKind::denied, ErrorKind::changed, ErrorKind::throttled,
        ErrorKind::no_space, ErrorKind::too_large, ErrorKind::unsupported, ErrorKind::cancelled}) {
    EXPECT_FALSE(opens_after_three(harmless)) << to_string(harmless);
  }
}

TEST_F(HealthTest, ARequestThatWasNeverSentIsNoFailure) {
  for (int i = 0; i < 5; ++i) fail_with(Error(ErrorKind::unavailable, Error::Detail::not_ours, "drained"));
  EXPECT_EQ(tracker.state(), HealthState::closed);
}

// ---- OPEN, HALF-OPEN, CLOSED ----------------------------------------------------------------------------

TEST_F(HealthTest, UsersOperationsNeverLeadOutOfOpen) {
  open();
  const TimePoint due = tracker.probe_due();
  for (int i = 0; i < 20; ++i) succeed();
  die();
  EXPECT_EQ(tracker.state(), HealthState::open);
  EXPECT_EQ(tracker.probe_due(), due) << "burning a request on it costs it nothing";
}

// Every event that can meet a member, in every state: where it leads, and that nothing else does.
TEST_F(HealthTest, EveryEventInEveryStateLeadsWhereTheMachineSays) {
  using State = HealthState;
  struct Row {
    const char* event;
    std::function<void(HealthTracker&)> happens;
    State from_closed, from_open, from_half_open;
  };
  const auto fails = [&](Error error) {
    return [this, error](HealthTracker& member) { member.failed(member.begin(), error, now); };
  };
  const auto fails_thrice = [&](Error error) {
    return [this, error](HealthTracker& member) {
      for (int i = 0; i < 3; ++i) member.failed(member.begin(), error, now);
    };
  };
  const auto probes_succeed = [&](int count) {
    return [this, count](HealthTracker& member) {
      for (int i = 0; i < count; ++i) member.probe_succeeded(now);
    };
  };
  const auto probe_fails = [&](Error error) {
    return [this, error](HealthTracker& member) { member.probe_failed(error, now); };
  };
  const Error dead(ErrorKind::unavailable, "down");
  const Error credentials(ErrorKind::denied, Error::Detail::credentials, "401");
  const Error patience(ErrorKind::throttled, "429");
  const std::vector<Row> rows = {
      {"a request succeeds", [this](HealthTracker& member) { member.succeeded(member.begin(), now); },
       State::closed, State::open, State::half_open},
      {"one request fails", fails(dead), State::closed, State::open, State::half_open},
      {"three requests fail", fails_thrice(dead), State::open, State::open, State::half_open},
      {"three are refused", fails_thrice(credentials), State::open, State::open, State::half_open},
      {"a path is missing", fails(Error(ErrorKind::not_found, "404")), State::closed, State::open,
       State::half_open},
      {"a path is forbidden", fails(Error(ErrorKind::denied, "403")), State::closed, State::open,
       State::half_open},
      {"it asks for patience", fails(patience), State::closed, State::open, State::half_open},
      {"a probe succeeds", probes_succeed(1), State::closed, State::open, State::half_open},
      {"two probes succeed", probes_succeed(2), State::closed, State::open, State::closed},
      {"a probe is told to wait", probe_fails(patience), State::closed, State::open, State::half_open},
      {"a probe fails", probe_fails(dead), State::closed, State::open, State::open},
      {"a probe is refused", probe_fails(credentials), State::open, State::open, State::open},
      {"a probe begins", [](HealthTracker& member) { member.begin_probe(); }, State::closed, State::half_open,
       State::half_open},
      {"somebody waits for it", [this](HealthTracker& member) { member.hurry(now); }, State::closed,
       State::open, State::half_open},
  };
  for (const Row& row : rows) {
    for (const State from : {State::closed, State::open, State::half_open}) {
      HealthTracker member(options, random, now);
      if (from != State::closed) fails_thrice(dead)(member);
      if (from == State::half_open) member.begin_probe();
      ASSERT_EQ(member.state(), from);
      row.happens(member);
      const State expected = from == State::closed ? row.from_closed
                             : from == State::open ? row.from_open
                                                   : row.from_half_open;
      EXPECT_EQ(member.state(), expected) << row.event << ", " << to_string(from);
    }
  }
}

TEST_F(HealthTest, TwoProbesThatSucceedClose) {
  open();
  now = tracker.probe_due();
  tracker.begin_probe();
  EXPECT_EQ(tracker.state(), HealthState::half_open);
  EXPECT_EQ(tracker.probe_succeeded(now), Change::none);
  EXPECT_EQ(tracker.state(), HealthState::half_open);
  EXPECT_GT(tracker.probe_due(), now);
  tracker.begin_probe();
  EXPECT_EQ(tracker.probe_succeeded(now), Change::closed);
  EXPECT_EQ(tracker.recovered_for(now + 3s), 3s);
  EXPECT_EQ(tracker.reason(), "");
}

TEST_F(HealthTest, AProbeThatFailsOpensAgainForLonger) {
  open();
  const TimePoint began = tracker.since();
  now = tracker.probe_due();
  tracker.begin_probe();
  tracker.probe_succeeded(now);
  EXPECT_EQ(tracker.probe_failed(Error(ErrorKind::timed_out, "silent"), now), Change::reopened);
  EXPECT_EQ(tracker.state(), HealthState::open);
  EXPECT_NEAR(open_times(), 2, 0.2);
  EXPECT_EQ(tracker.since(), began) << "it is one outage";
  now = tracker.probe_due();
  tracker.begin_probe();
  EXPECT_EQ(tracker.probe_succeeded(now), Change::none) << "two new successes are wanted";
}

TEST_F(HealthTest, FailuresThatBeganBeforeAnOutageDoNotCountAfterIt) {
  const auto old = tracker.begin();
  open();
  recover();
  die();
  die();
  EXPECT_EQ(tracker.failed(old, Error(ErrorKind::unavailable, "late"), now), Change::none);
  EXPECT_EQ(tracker.state(), HealthState::closed);
}

// ---- open time ------------------------------------------------------------------------------------------

TEST_F(HealthTest, OpenTimeIsFiveSecondsThenGrowsToFiveMinutes) {
  open();
  EXPECT_NEAR(open_times(), 1, 0.1);
  for (int m = 2; m < 80; ++m) {
    now = tracker.probe_due();
    tracker.begin_probe();
    tracker.probe_failed(Error(ErrorKind::unavailable, "down"), now);
    EXPECT_NEAR(open_times(), std::min(m, 60), std::min(m, 60) * 0.1 + 0.001);
  }
}

TEST_F(HealthTest, JitterDiffers) {
  open();
  const Duration first = tracker.probe_due() - now;
  recover();
  now += 10s;
  open();
  EXPECT_NE(tracker.probe_due() - now, first);
}

TEST_F(HealthTest, EachHealthyIntervalTakesOneBack) {
  for (int i = 0; i < 4; ++i) {
    open();
    recover();
  }
  EXPECT_EQ(tracker.multiplier(), 4u);
  now += 25s;
  open();
  EXPECT_EQ(tracker.multiplier(), 3u) << "two intervals of ten seconds were healthy, and it opened again";
  recover();
  now += 10min;
  open();
  EXPECT_EQ(tracker.multiplier(), 1u);
}

TEST_F(HealthTest, AnOutageOfTheWholeGroupDoesNotGrow) {
  open();
  for (int i = 0; i < 10; ++i) {
    tracker.forgive_growth(now);
    EXPECT_NEAR(open_times(), 1, 0.1);
    now = tracker.probe_due();
    tracker.begin_probe();
    tracker.probe_failed(Error(ErrorKind::unavailable, "down"), now);
  }
  tracker.forgive_growth(now);
  EXPECT_EQ(tracker.multiplier(), 0u);
}

TEST_F(HealthTest, AnOpeningLongAgoIsNotForgiven) {
  open();
  now += 2min;
  tracker.forgive_growth(now);
  EXPECT_EQ(tracker.multiplier(), 1u);
}

TEST_F(HealthTest, SomebodyWhoWaitsBringsTheProbeForward) {
  for (int i = 0; i < 10; ++i) {
    open();
    recover();
  }
  open();
  EXPECT_GT(open_times(), 5);
  tracker.hurry(now);
  EXPECT_EQ(tracker.probe_due(), now + 5s);
  now += 7s;
  tracker.hurry(now);
  EXPECT_LE(tracker.probe_due(), now);
}

// ---- permission -----------------------------------------------------------------------------------------

TEST_F(HealthTest, RefusedCredentialsOpenForLong) {
  const Error error(ErrorKind::denied, Error::Detail::credentials, "401");
  fail_with(error);
  fail_with(error);
  EXPECT_EQ(tracker.state(), HealthState::closed);
  EXPECT_EQ(fail_with(error), Change::opened);
  EXPECT_TRUE(tracker.refuses_us());
  EXPECT_NEAR(open_times(), 60, 6);
}

TEST_F(HealthTest, AForbiddenPathAsksForOneCheckOfTheRest) {
  EXPECT_FALSE(tracker.wants_check(now));
  for (int i = 0; i < 10; ++i) fail_with(ErrorKind::denied);
  EXPECT_EQ(tracker.state(), HealthState::closed);
  EXPECT_TRUE(tracker.wants_check(now));
  EXPECT_FALSE(tracker.wants_check(now));
  fail_with(ErrorKind::denied);
  EXPECT_FALSE(tracker.wants_check(now + 5s)) << "not for every one";
  EXPECT_TRUE(tracker.wants_check(now + 11s));
}

TEST_F(HealthTest, ACheckThatSucceedsClearsAndOneThatIsDeniedOpens) {
  fail_with(ErrorKind::denied);
  tracker.begin_probe();
  EXPECT_EQ(tracker.state(), HealthState::closed) << "a check is no half-open";
  EXPECT_EQ(tracker.probe_succeeded(now), Change::none);
  EXPECT_EQ(tracker.probe_failed(Error(ErrorKind::denied, "403"), now), Change::opened);
  EXPECT_TRUE(tracker.refuses_us());
}

// ---- throttling, ranges, latencies ----------------------------------------------------------------------

TEST_F(HealthTest, ThrottledUntilTheServerSaid) {
  Error error(ErrorKind::throttled, "429");
  error.retry_after = 20s;
  EXPECT_EQ(fail_with(error), Change::none);
  EXPECT_TRUE(tracker.throttled(now + 19s));
  EXPECT_FALSE(tracker.throttled(now + 20s));
  error.retry_after = 5s;
  fail_with(error);
  EXPECT_TRUE(tracker.throttled(now + 19s)) << "a shorter time does not undo a longer one";
  EXPECT_TRUE(tracker.closed());
}

TEST_F(HealthTest, WithoutATimeThrottlingDoublesUpToHalfAMinute) {
  for (const Duration pause : {1s, 2s, 4s, 8s, 16s, 30s, 30s}) {
    fail_with(ErrorKind::throttled);
    EXPECT_EQ(tracker.throttled_until() - now, pause);
    now = tracker.throttled_until();
  }
  succeed();
  fail_with(ErrorKind::throttled);
  EXPECT_EQ(tracker.throttled_until() - now, 1s);
}

TEST_F(HealthTest, NoRangeIsForgottenAfterTenMinutes) {
  fail_with(Error(ErrorKind::unsupported, Error::Detail::no_range, "200"));
  EXPECT_TRUE(tracker.no_range(now + 599s));
  EXPECT_FALSE(tracker.no_range(now + 600s));
}

TEST_F(HealthTest, TheSlowestOfTwentyIsTheP95) {
  EXPECT_EQ(tracker.p95(), std::nullopt);
  for (int i = 1; i <= 20; ++i) tracker.first_byte(i * 10ms);
  EXPECT_EQ(tracker.p95(), 190ms);
  for (int i = 0; i < 64; ++i) tracker.first_byte(5ms);
  EXPECT_EQ(tracker.p95(), 5ms) << "old samples are forgotten";
}

TEST_F(HealthTest, AMinuteWithoutDataIsIdle) {
  EXPECT_TRUE(tracker.idle(now));
  tracker.data_arrived(now);
  EXPECT_FALSE(tracker.idle(now + 59s));
  EXPECT_TRUE(tracker.idle(now + 60s));
}

}  // namespace
}  // namespace balancefs::test
