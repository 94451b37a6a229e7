// Two attempts at one receiver: every byte once and in order, whoever brings it.
#include "balance/contest.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <deque>

#include "support/ramp_bytes.h"
#include "support/sinks.h"

namespace balancefs::test {
namespace {

Result<void> bring(Contest::Lane& lane, std::uint64_t count) {
  const std::string bytes = ramp_bytes(lane.position(), count);
  return lane.write(std::as_bytes(std::span(bytes)));
}

TEST(ContestTest, TheFirstThatDeliversTheNextByteGoesOnAndTheOtherIsRefused) {
  StringSink sink(1000);
  Contest contest(sink, nullptr);
  Contest::Lane slow(contest);
  EXPECT_TRUE(bring(slow, 10).has_value());
  Contest::Lane fast(contest);
  EXPECT_FALSE(slow.behind());
  EXPECT_TRUE(bring(fast, 5).has_value());
  EXPECT_TRUE(slow.behind());
  EXPECT_EQ(bring(slow, 20).error().kind, ErrorKind::cancelled);
  EXPECT_TRUE(bring(fast, 7).has_value());
  EXPECT_EQ(sink.text, ramp_bytes(1000, 22));
}

TEST(ContestTest, TheOneThatWasLateWinsWhenItGoesOnFirst) {
  StringSink sink;
  Contest contest(sink, nullptr);
  Contest::Lane late(contest);
  Contest::Lane asked(contest);
  EXPECT_TRUE(bring(late, 5).has_value());
  EXPECT_FALSE(bring(asked, 5).has_value());
  EXPECT_EQ(sink.text, ramp_bytes(0, 5));
}

TEST(ContestTest, AClosedLaneDeliversNothing) {
  StringSink sink;
  Contest contest(sink, nullptr);
  Contest::Lane lane(contest);
  lane.close();
  EXPECT_FALSE(bring(lane, 5).has_value());
  EXPECT_TRUE(sink.text.empty());
}

TEST(ContestTest, WhoWatchesIsToldOfEachDelivery) {
  StringSink sink;
  int moved = 0;
  Contest contest(sink, [&] { ++moved; });
  Contest::Lane lane(contest);
  static_cast<void>(bring(lane, 5));
  static_cast<void>(bring(lane, 5));
  EXPECT_EQ(moved, 2);
}

/// The receiver stops taking bytes.
class Full final : public ByteSink {
 public:
  std::uint64_t position() const override { return 0; }
  Result<void> write(std::span<const std::byte>) override { return fail(ErrorKind::no_space, "full"); }
};

TEST(ContestTest, TheReceiversRefusalIsPassedOn) {
  Full full;
  Contest contest(full, nullptr);
  Contest::Lane lane(contest);
  EXPECT_EQ(bring(lane, 5).error().kind, ErrorKind::no_space);
  EXPECT_FALSE(lane.behind());
}

TEST(ContestTest, EveryByteComesOnceAndInOrderWhateverTheInterleaving) {
  EXPECT_TRUE(rc::check("what is delivered is the file, whoever writes when", [] {
    StringSink sink(77);
    Contest contest(sink, nullptr);
    std::deque<Contest::Lane> lanes;
    lanes.emplace_back(contest);
    for (int step = 0; step < 60; ++step) {
      const auto action = *rc::gen::inRange(0, 12);
      if (action == 0) lanes.emplace_back(contest);
      if (action == 1) lanes[*rc::gen::inRange<std::size_t>(0, lanes.size())].close();
      Contest::Lane& lane = lanes[*rc::gen::inRange<std::size_t>(0, lanes.size())];
      const bool behind = lane.behind();
      const std::size_t before = sink.text.size();
      const auto count = *rc::gen::inRange<std::uint64_t>(1, 300);
      RC_ASSERT(bring(lane, count).has_value() == !behind);
      RC_ASSERT(sink.text.size() == (behind ? before : before + count));
    }
    RC_ASSERT(sink.text == ramp_bytes(77, sink.text.size()));
  }));
}

}  // namespace
}  // namespace balancefs::test
