// The end of a throttled member's pause: no storm of those that waited for it.
#include "balance/resume.h"

#include <gtest/gtest.h>

#include <deque>
#include <set>

#include "group_fixture.h"

namespace balancefs::test {
namespace {

TEST(Resume, TheFirstGoesAtTheEndTheOthersAreSpreadBehindIt) {
  Random random(7);
  Resume resume;
  const TimePoint end(1h);
  EXPECT_EQ(resume.after(end, 20s, end + 1h, random), end);
  std::set<TimePoint> times;
  for (int i = 0; i < 100; ++i) times.insert(resume.after(end, 20s, end + 1h, random));
  EXPECT_EQ(times.size(), 100u);
  EXPECT_GE(*times.begin(), end);
  EXPECT_LT(*times.rbegin(), end + 5s);
  EXPECT_GT(*times.rbegin() - *times.begin(), 4s);
  EXPECT_EQ(resume.after(end + 1s, 20s, end + 1h, random), end + 1s) << "a longer pause has a first again";
}

TEST(Resume, TheSameSeedGivesTheSameTimes) {
  const auto third = [](std::uint64_t seed) {
    Random random(seed);
    Resume resume;
    for (int i = 0; i < 2; ++i) resume.after(TimePoint(1h), 20s, TimePoint(2h), random);
    return resume.after(TimePoint(1h), 20s, TimePoint(2h), random);
  };
  EXPECT_EQ(third(5), third(5));
  EXPECT_NE(third(5), third(6));
}

TEST(Resume, NobodyIsSpreadBeyondItsDeadline) {
  Random random(7);
  Resume resume;
  const TimePoint end(1h);
  resume.after(end, 1h, end + 100ms, random);
  for (int i = 0; i < 50; ++i) EXPECT_LE(resume.after(end, 1h, end + 100ms, random), end + 50ms);
  EXPECT_EQ(resume.after(end, 1h, end - 1s, random), end);
}

TEST(Resume, TheSpreadIsAQuarterOfThePauseWithinBounds) {
  EXPECT_EQ(resume_spread(1s), 1s);
  EXPECT_EQ(resume_spread(20s), 5s);
  EXPECT_EQ(resume_spread(1h), 10s);
}

class ThrottledGroupTest : public GroupFixture {
 protected:
  static constexpr int kReaders = 40;
  struct Read {
    std::unique_ptr<ObjectReader> reader;
    StringSink sink;
    RequestContext why{Priority::demand};
    std::unique_ptr<Flow<Result<void>>> flow;
  };
  void begin_all() {
    for (int i = 0; i < kReaders; ++i) {
      Read& read = reads.emplace_back();
      read.reader = open();
      read.flow = std::make_unique<Flow<Result<void>>>(
          t.executor(), read.reader->read(ByteRange(0, 1000), read.sink, read.why));
    }
    t.settle();
  }
  void expect_all_done() {
    for (Read& read : reads) {
      ASSERT_TRUE(read.flow->done());
      EXPECT_TRUE(read.flow->take().has_value());
    }
  }

  std::deque<Read> reads;
};

TEST_F(ThrottledGroupTest, ThoseThatWaitedDoNotComeBackTogether) {
  build(1);
  members[0]->fail_read = throttled(20s);
  begin_all();
  const int before = members[0]->counts.read;
  members[0]->fail_read.reset();
  t.pass(19900ms);
  EXPECT_EQ(members[0]->counts.read, before) << "nobody asks during the pause";
  t.pass(100ms, 10ms);
  EXPECT_LE(members[0]->counts.read - before, 2) << "one goes first";
  int most = 0;
  for (int i = 0; i < 10; ++i) {
    const int until_now = members[0]->counts.read;
    t.pass(500ms, 10ms);
    most = std::max(most, members[0]->counts.read - until_now);
  }
  EXPECT_LE(most, kReaders / 3);
  EXPECT_EQ(members[0]->counts.read - before, kReaders);
  expect_all_done();
  EXPECT_EQ(state(0), HealthState::closed);
}

TEST_F(ThrottledGroupTest, WhenTheFirstIsToldToWaitAgainTheOthersHaveNotAsked) {
  build(1);
  members[0]->fail_read = throttled(10s);
  begin_all();
  const int before = members[0]->counts.read;
  t.pass(10100ms, 10ms);
  EXPECT_LE(members[0]->counts.read - before, 2);
  t.pass(9s, 10ms);
  EXPECT_LE(members[0]->counts.read - before, 2) << "and wait on";
  members[0]->fail_read.reset();
  t.pass(10s, 10ms);
  expect_all_done();
}

TEST_F(ThrottledGroupTest, OpenHandlesMoveWhereTheyCanAndStay) {
  build(2);
  auto version = film();
  auto reader = open(version);
  EXPECT_TRUE(read(*reader, 0, 1000).has_value());
  members[0]->fail_read = throttled(10s);
  EXPECT_TRUE(read(*reader, 1000, 1000).has_value());
  EXPECT_EQ(version->last_member(), 1);
  members[0]->fail_read.reset();
  t.pass(20s);
  EXPECT_TRUE(read(*reader, 2000, 1000).has_value());
  EXPECT_EQ(version->last_member(), 1) << "the pause of another is no reason to move back";
}

}  // namespace
}  // namespace balancefs::test
