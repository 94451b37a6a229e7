#include "io/disk_turns.h"

#include <gtest/gtest.h>

namespace balancefs::test {
namespace {

TEST(DiskTurns, BuffersOfJobsThatOutliveTheirTurnsAreCounted) {
  DiskTurns turns;
  const bool urgent = true;
  std::vector<DiskTurns::Buffer> jobs;
  for (std::uint64_t i = 0; i < 10; ++i) {
    const DiskTurns::Turn turn(turns, i, urgent);
    jobs.push_back(turn.buffer());
  }
  EXPECT_EQ(turns.lost(), 10u);
  jobs.resize(3);
  EXPECT_EQ(turns.lost(), 3u);
  jobs.clear();
  EXPECT_EQ(turns.lost(), 0u);
}

TEST(DiskTurns, ABufferThatNoJobHasIsNotLost) {
  DiskTurns turns;
  const bool urgent = false;
  {
    const DiskTurns::Turn unused(turns, 1, urgent);
  }
  EXPECT_EQ(turns.lost(), 0u);
  const std::byte* memory = nullptr;
  {
    DiskTurns::Turn turn(turns, 2, urgent);
    memory = turn.bytes().data();
    turn.done_with_buffer();
  }
  const DiskTurns::Turn next(turns, 3, urgent);
  EXPECT_EQ(next.bytes().data(), memory);
  EXPECT_EQ(turns.lost(), 0u);
}

}  // namespace
}  // namespace balancefs::test
