// Who gets the parts of a stripe: chosen from measurements, and simulated over lines of all kinds.
#include "balance/stripe_plan.h"

#include <gtest/gtest.h>

#include <deque>

#include "base/random.h"

namespace balancefs::test {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kPart = 4u << 20;

class StripePlanTest : public ::testing::Test {
 protected:
  void measure(Delivery& delivery, double rate, Duration latency = 40ms) {
    delivery.asked(static_cast<std::uint64_t>(rate));
    delivery.first_byte(latency, now - 1s);
    delivery.arrived(static_cast<std::uint64_t>(rate), now);
    delivery.ended(0, true, now);
  }
  std::vector<StripePlan::Candidate> candidates(std::uint32_t weight = 1000) {
    std::vector<StripePlan::Candidate> list;
    for (MemberIndex i = 0; i < 3; ++i) list.emplace_back(i, weight, members[i]);
    return list;
  }
  MemberIndex choose(std::uint64_t bytes = kPart, bool awaited = true) {
    return StripePlan(candidates(), now).choose(bytes, awaited, turns)->member;
  }
  TimePoint now{1h};
  Delivery members[3];
  RoundRobin turns{3};
};

TEST_F(StripePlanTest, NobodyIsChosenFromNobody) {
  EXPECT_FALSE(StripePlan({}, now).choose(kPart, true, turns).has_value());
}

TEST_F(StripePlanTest, MembersOfWhichNothingIsKnownTakeTurns) {
  EXPECT_EQ(choose(), 0);
  EXPECT_EQ(choose(), 1);
  EXPECT_EQ(choose(), 2);
  members[0].asked(kPart);
  members[1].asked(kPart);
  EXPECT_EQ(choose(), 2) << "who is asked for nothing is tried first";
}

TEST_F(StripePlanTest, WeightsDecideWhileNothingIsMeasured) {
  auto list = candidates();
  list[1].weight = 3000;
  int parts[3] = {0, 0, 0};
  for (int i = 0; i < 20; ++i) {
    const MemberIndex member = StripePlan(list, now).choose(kPart, true, turns)->member;
    members[member].asked(kPart);
    ++parts[member];
  }
  EXPECT_NEAR(parts[1], 12, 2);
  EXPECT_NEAR(parts[0], parts[2], 1);
}

TEST_F(StripePlanTest, AMemberThatIsUnknownIsTriedEarly) {
  measure(members[0], 30e6);
  measure(members[1], 30e6);
  members[0].asked(kPart);
  members[1].asked(kPart);
  EXPECT_EQ(choose(), 2);
}

TEST_F(StripePlanTest, TheFastestIsChosenUntilItsQueueIsLonger) {
  measure(members[0], 5e6);
  measure(members[1], 40e6);
  measure(members[2], 5e6);
  for (int i = 0; i < 6; ++i) {
    EXPECT_EQ(choose(), 1);
    members[1].asked(kPart);
  }
  while (choose() == 1) members[1].asked(kPart);
  EXPECT_LE(members[1].requests(), 16u);
}

TEST_F(StripePlanTest, ASmallPartGoesToWhoAnswersFirst) {
  measure(members[0], 50e6, 300ms);
  measure(members[1], 10e6, 20ms);
  measure(members[2], 50e6, 300ms);
  EXPECT_EQ(choose(64 * 1024), 1);
  EXPECT_NE(choose(16u << 20), 1);
}

TEST_F(StripePlanTest, WhoMustProveItselfIsTwoAnswersAway) {
  for (Delivery& member : members) measure(member, 50e6, 200ms);
  auto list = candidates();
  list[0].must_prove = list[2].must_prove = true;
  EXPECT_EQ(StripePlan(list, now).choose(kPart, true, turns)->member, 1);
}

TEST_F(StripePlanTest, ASlowMemberIsTriedAgainLaterWithLittleThatNobodyWaitsFor) {
  measure(members[0], 40e6);
  measure(members[1], 40e6);
  measure(members[2], 1e6);
  for (int i = 0; i < 4; ++i) EXPECT_NE(choose(kPart, false), 2);
  now += 60s;
  for (int i = 0; i < 6; ++i) EXPECT_NE(choose(kPart, true), 2) << "never in front of the reader";
  bool tried = false;
  for (int i = 0; i < 3 && !tried; ++i) {
    const auto choice = StripePlan(candidates(), now).choose(kPart, false, turns);
    tried = choice->member == 2;
    EXPECT_EQ(choice->limit, tried ? StripePlan::kTrial : 0);
  }
  EXPECT_TRUE(tried);
}

TEST_F(StripePlanTest, AfterAnOutageOnlyAShareOfTheRateCounts) {
  for (Delivery& member : members) measure(member, 30e6);
  auto list = candidates();
  list[0].share = 0.1;
  for (int i = 0; i < 6; ++i) EXPECT_NE(StripePlan(list, now).choose(kPart, true, turns)->member, 0);
}

// ---- simulated lines ------------------------------------------------------------------------------------

/// Members with a limit in all and one for each connection; a reader that takes parts in order from a window
/// of a fixed number of them.
class Lines {
 public:
  static constexpr Duration kStep = 4ms;
  struct Line {
    double in_all;
    double per_connection;
    Duration latency = 40ms;
    Delivery delivery;
    double bytes = 0;
    Line(double all, double each) : in_all(all), per_connection(each) {}
  };
  struct Part {
    std::size_t line = 0;
    double missing = 0;   ///< of what its line was asked for
    double rest = kPart;  ///< beyond that
    double came = 0;
    TimePoint begun;
    std::optional<TimePoint> first;
    bool done() const { return missing <= 0 && rest <= 0; }
  };

  explicit Lines(std::vector<Line> members) : lines(std::move(members)), turns_(lines.size()) {}

  void run(Duration time, std::size_t window) {
    for (const TimePoint end = now_ + time; now_ < end; now_ += kStep) {
      while (parts_.size() < window) parts_.emplace_back();
      for (Part& part : parts_) {
        if (part.missing <= 0 && part.rest > 0) ask(part);
      }
      for (std::size_t i = 0; i < lines.size(); ++i) bring(i);
      while (!parts_.empty() && parts_.front().done()) {
        read += kPart;
        parts_.pop_front();
      }
      if (!parts_.empty()) move_if_it_drags(parts_.front());
    }
  }
  double total() const {
    double sum = 0;
    for (const Line& line : lines) sum += line.bytes;
    return sum;
  }

  std::vector<Line> lines;
  double read = 0;

 private:
  StripePlan plan(std::optional<std::size_t> but = std::nullopt) const {
    std::vector<StripePlan::Candidate> list;
    for (MemberIndex i = 0; i < lines.size(); ++i) {
      if (i != but) list.emplace_back(i, 1000, lines[i].delivery);
    }
    return StripePlan(list, now_);
  }
  void ask(Part& part, std::optional<std::size_t> but = std::nullopt) {
    const bool awaited = &part == &parts_.front();
    const auto choice = plan(but).choose(static_cast<std::uint64_t>(part.rest), awaited, turns_);
    part.line = choice->member;
    part.missing = choice->limit == 0 ? part.rest : std::min<double>(part.rest, choice->limit);
    part.rest -= part.missing;
    part.came = 0;
    part.begun = now_;
    part.first.reset();
    lines[part.line].delivery.asked(static_cast<std::uint64_t>(part.missing));
  }
  /// As routes do with a part in front of the reader.
  void move_if_it_drags(Part& part) {
    if (!part.first || now_ - *part.first < 200ms) return;
    const double own = std::chrono::duration<double>(now_ - *part.first).count() * part.missing / part.came;
    const auto elsewhere = plan(part.line).fastest(static_cast<std::uint64_t>(part.missing));
    if (!elsewhere || own < 2 * std::chrono::duration<double>(*elsewhere).count() + 0.2) return;
    lines[part.line].delivery.ended(static_cast<std::uint64_t>(part.missing), true, now_);
    part.rest += part.missing;
    ask(part, part.line);
  }
  void bring(std::size_t index) {
    Line& line = lines[index];
    std::vector<Part*> flowing;
    for (Part& part : parts_) {
      if (part.line != index || part.missing <= 0 || now_ - part.begun < line.latency) continue;
      if (!part.first) line.delivery.first_byte(line.latency, now_);
      part.first = part.first.value_or(now_);
      flowing.push_back(&part);
    }
    const double each = std::min(line.per_connection, line.in_all / static_cast<double>(flowing.size()));
    for (Part* part : flowing) {
      const double bytes = std::min(part->missing, each * std::chrono::duration<double>(kStep).count());
      part->missing -= bytes;
      part->came += bytes;
      line.bytes += bytes;
      line.delivery.arrived(static_cast<std::uint64_t>(bytes), now_);
      if (part->missing <= 0) line.delivery.ended(0, true, now_);
    }
  }

  TimePoint now_{1h};
  std::deque<Part> parts_;
  RoundRobin turns_;
};

constexpr double kNoLimit = 1e12;

TEST(StripeShares, ThreeEqualMembersGiveNearlyAllTheyHave) {
  Lines lines({{30e6, kNoLimit}, {30e6, kNoLimit}, {30e6, kNoLimit}});
  lines.run(20s, 12);
  EXPECT_GE(lines.read, 20 * 90e6 * 0.85);
}

TEST(StripeShares, ConvergeToWhatMembersDeliver) {
  Random random(1);
  for (int round = 0; round < 12; ++round) {
    std::vector<Lines::Line> members;
    double all = 0;
    for (int i = 0; i < 3; ++i) {
      members.emplace_back(10e6 + 30e6 * random.unit(), kNoLimit);
      all += members.back().in_all;
    }
    Lines lines(std::move(members));
    lines.run(30s, 12);
    EXPECT_GE(lines.read, 0.8 * 30 * all) << "round " << round;
    for (const Lines::Line& line : lines.lines) {
      EXPECT_NEAR(line.bytes / lines.total(), line.in_all / all, 0.25 * line.in_all / all)
          << "round " << round;
    }
  }
}

TEST(StripeShares, ConnectionsThatAreCappedOneByOneAreSpread) {
  Lines lines({{200e6, 25e6}, {200e6, 25e6}, {200e6, 25e6}});
  lines.run(20s, 12);
  EXPECT_GE(lines.read, 20 * 12 * 25e6 * 0.75);
  for (const Lines::Line& line : lines.lines) EXPECT_GT(line.bytes, lines.total() * 0.2);
}

TEST(StripeShares, AHopelessMemberCostsNearlyNothing) {
  Lines lines({{30e6, kNoLimit}, {30e6, kNoLimit}, {0.5e6, kNoLimit}});
  lines.run(60s, 12);
  EXPECT_GE(lines.read, 60 * 60e6 * 0.85);
}

}  // namespace
}  // namespace balancefs::test
