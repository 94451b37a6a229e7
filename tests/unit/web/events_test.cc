#include "web/events.h"

#include <gtest/gtest.h>

#include <deque>

#include "support/test_loop.h"

namespace balancefs::test {
namespace {

using namespace std::chrono_literals;

class EventsTest : public testing::Test {
 protected:
  /// A stream with whoever reads it.
  struct Listener {
    std::unique_ptr<WebStream> stream;
    int called = 0;
    explicit Listener(Events& events) : stream(events.join("hi")) {
      if (stream) stream->on_ready = [this] { ++called; };
    }
    std::string read(std::size_t most = 10000) const {
      std::string text(most, '\0');
      text.resize(stream->read(text));
      return text;
    }
    std::string read_all() const {
      std::string all;
      for (std::string some = read(); !some.empty(); some = read()) all += some;
      return all;
    }
  };

  TestLoop loop;
  int made = 0;
  Events events{loop.clock, [this] { return std::to_string(++made); }};
};

TEST_F(EventsTest, BeginWithTheStateAndGoOnEachSecond) {
  Listener one(events);
  EXPECT_EQ(one.read_all(), "retry: 1000\nevent: hello\ndata: hi\n\nevent: state\ndata: 1\n\n");
  loop.pass(900ms);
  EXPECT_EQ(one.called, 0);
  loop.pass(200ms);
  EXPECT_EQ(one.called, 1);
  EXPECT_EQ(one.read_all(), "event: state\ndata: 2\n\n");
  EXPECT_EQ(one.read_all(), "");
}

TEST_F(EventsTest, AChangeIsToldAtOnceAndManyAreOne) {
  Listener one(events);
  one.read_all();
  loop.pass(500ms);
  for (int i = 0; i < 1000; ++i) events.changed();
  EXPECT_EQ(one.called, 0) << "not from inside";
  loop.pass(1ms);
  EXPECT_EQ(one.called, 1);
  EXPECT_EQ(one.read_all(), "event: state\ndata: 2\n\n");
  for (int i = 0; i < 1000; ++i) events.changed();
  loop.pass(1ms);
  EXPECT_EQ(one.called, 1) << "so soon again";
  loop.pass(100ms);
  EXPECT_EQ(one.called, 2);
}

TEST_F(EventsTest, WhoReadsSlowlySkips) {
  Listener slow(events);
  EXPECT_EQ(slow.read(10), "retry: 100");
  loop.pass(10s);
  EXPECT_EQ(slow.read_all(), "0\nevent: hello\ndata: hi\n\nevent: state\ndata: 11\n\n");
  EXPECT_EQ(slow.read_all(), "");
}

TEST_F(EventsTest, AnEventThatHasBegunIsFinished) {
  Listener slow(events);
  slow.read_all();
  loop.pass(1s);
  EXPECT_EQ(slow.read(5), "event");
  loop.pass(3s);
  EXPECT_EQ(slow.read_all(), ": state\ndata: 2\n\nevent: state\ndata: 5\n\n");
}

TEST_F(EventsTest, NothingIsMadeWhileNobodyListens) {
  events.changed();
  loop.pass(10s);
  EXPECT_EQ(made, 0);
  {
    const Listener one(events);
  }
  loop.pass(10s);
  EXPECT_EQ(made, 1);
  EXPECT_TRUE(loop.clock.idle());
  const Listener two(events);
  EXPECT_EQ(made, 2) << "not the state of ten seconds ago";
}

TEST_F(EventsTest, EverybodyGetsTheSameAndNotMoreThanSixteenDo) {
  std::deque<Listener> all;
  for (std::size_t i = 0; i < Events::kMost; ++i) EXPECT_NE(all.emplace_back(events).stream, nullptr);
  EXPECT_EQ(Listener(events).stream, nullptr);
  EXPECT_EQ(made, 1);
  for (const Listener& each : all) each.read_all();
  loop.pass(1s);
  EXPECT_EQ(made, 2);
  for (const Listener& each : all) EXPECT_EQ(each.read_all(), "event: state\ndata: 2\n\n");
  all.pop_back();
  EXPECT_NE(Listener(events).stream, nullptr);
}

}  // namespace
}  // namespace balancefs::test
