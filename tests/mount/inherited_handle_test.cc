// A program that reads and meanwhile runs others, as media servers do: a child closes what it inherited, and
// the reads of its parent go on.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "mount/shaped_members.h"

namespace balancefs::test {
namespace {

using namespace std::chrono_literals;

using InheritedHandle = ShapedMembers;

TEST_F(InheritedHandle, ChildrenThatExecuteOthersDisturbNoReadOfTheirParent) {
  constexpr int kReaders = 16;
  constexpr std::uint64_t kSize = 2U << 20U;
  start_members(1);
  write_file(native() / "film", ramp_bytes(0, kSize));
  ShaperSettings slow;
  slow.per_connection = 256 * 1024;
  shapers_.push_back(std::make_unique<Shaper>(member(0).port(), slow));
  MountConfig config = balanced(std::vector<std::string>{shapers_.back()->url()});
  config.sections = "[cache]\nmode = \"memory\"\n";
  app_ = std::make_unique<MountedApp>(config);
  std::atomic<int> reading = kReaders;
  std::vector<std::jthread> readers;
  for (int i = 0; i < kReaders; ++i) {
    readers.emplace_back([&] {
      OpenFile film(pt("film"));
      EXPECT_EQ(film.read_ramp(kSize, 0), kSize);
      --reading;
    });
  }
  int children = 0;
  for (; reading > 0; ++children) EXPECT_EQ(run({"true"}).status, 0);
  EXPECT_GT(children, 10);
}

}  // namespace
}  // namespace balancefs::test
