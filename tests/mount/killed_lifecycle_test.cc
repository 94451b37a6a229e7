// Programs that are killed while a storage keeps them waiting: gone at once, whatever signals came before.
#include <gtest/gtest.h>
#include <signal.h>

#include "mount/lifecycle.h"

namespace balancefs::test {
namespace {

using namespace std::chrono_literals;

class KilledProgram : public Lifecycle {
 protected:
  void freeze_the_only_member() {
    start_members(1);
    mount();
    ASSERT_EQ(run({"ls", pt()}).status, 0);
    member(0).freeze();
  }
  void TearDown() override {
    if (!members_.empty()) member(0).thaw();
    app_.reset();
    Lifecycle::TearDown();
  }
};

/// Looks at a page of the mapped file $1, without the kernel's read-ahead: that READ is one the program waits
/// for itself, and which is interrupted by signals. A timer's signal is handled meanwhile.
constexpr const char* kMappedReader = R"(
import mmap, signal, sys
signal.signal(signal.SIGALRM, lambda *_: None)
with open(sys.argv[1], 'rb') as file:
    view = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
    view.madvise(mmap.MADV_RANDOM)
    if sys.argv[2] == 'timer':
        signal.setitimer(signal.ITIMER_REAL, 0.2, 0.2)
    print('looking', flush=True)
    print(view[4 << 20])
)";

// SEMANTICS: "A killed program is gone at once, and what only it waited for is cancelled."
TEST_F(KilledProgram, ThatWaitsForAMappedPageIsGoneAtOnce) {
  freeze_the_only_member();
  Program reader({"python3", "-c", kMappedReader, pt("big"), "quiet"});
  ASSERT_TRUE(eventually([&] { return reader.out() == "looking\n"; })) << reader.err();
  EXPECT_FALSE(reader.wait(1s));
  reader.signal(SIGKILL);
  EXPECT_TRUE(reader.wait(10s)) << "it waits for the storage";
}

TEST_F(KilledProgram, ThatHandledASignalBeforeIsGoneToo) {
  freeze_the_only_member();
  Program reader({"python3", "-c", kMappedReader, pt("big"), "timer"});
  ASSERT_TRUE(eventually([&] { return reader.out() == "looking\n"; })) << reader.err();
  EXPECT_FALSE(reader.wait(2s)) << "a handled signal ends no read: " << reader.err();
  reader.signal(SIGKILL);
  EXPECT_TRUE(reader.wait(10s)) << "the kernel tells of the first signal only";
}

}  // namespace
}  // namespace balancefs::test
