// What happens to the disk cache while it is busy: readers that leave, disks that fill up.
#include <gtest/gtest.h>

#include "unit/io/disk_reading.h"

namespace balancefs::test {
namespace {

using DiskTrouble = DiskReading;

// A killed program's read ends at any moment, also while its entry is being looked for.
TEST_F(DiskTrouble, AReaderMayLeaveAtAnyStepOfItsFirstRead) {
  storage.add_file("a", kMiB, 1);
  start();
  keep("a", 1);
  restart();
  for (int steps = 1; steps < 40; ++steps) {
    {
      auto reader = open("a");
      Flow<Result<std::string>> flow(loop.executor(), read_text(*reader, 0, 64 * kKiB));
      loop.loop.restart();
      for (int i = 0; i < steps && !flow.done(); ++i) loop.loop.poll_one();
      flow.cancel();
      reader.reset();
      run_until([&flow] { return flow.done(); });
    }
    ASSERT_TRUE(reads_whole("a", 1)) << steps;
  }
}

}  // namespace
}  // namespace balancefs::test
