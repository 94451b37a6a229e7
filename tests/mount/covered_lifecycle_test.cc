// Mounts at one point above each other, living and dead: a daemon takes down its own only, and a new mount
// finds a free point whatever daemons have died there.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mount.h>

#include "base/mount_table.h"
#include "mount/lifecycle.h"

namespace balancefs::test {
namespace {

using namespace std::chrono_literals;

std::ptrdiff_t mounts_at(const std::filesystem::path& point) {
  const auto table = read_mount_table();
  return std::ranges::count(table, point.string(), &MountEntry::point);
}

class CoveredMount : public Lifecycle {
 protected:
  /// A daemon whose end the test can wait for.
  std::unique_ptr<Program> mount_in_foreground(const std::filesystem::path& point) {
    auto daemon = std::make_unique<Program>(std::vector<std::string>{
        BALANCEFS_BINARY, "mount", "--foreground", "--config", local_config(), point});
    EXPECT_TRUE(eventually([&] { return read_file(point / "pt/small").text == "small"; })) << daemon->err();
    return daemon;
  }
  static void expect_clean_end(Program& daemon) {
    daemon.signal(SIGTERM);
    const ProgramResult ended = daemon.finish(30s);
    EXPECT_EQ(ended.status, 0) << ended.text();
  }
};

TEST_F(CoveredMount, ADetachedMountsEndLeavesItsSuccessorAlone) {
  const auto old = mount_in_foreground(mountpoint());
  const int fd = open((mountpoint() / "pt/big").c_str(), O_RDONLY | O_CLOEXEC);
  ASSERT_EQ(balancefs({"unmount", "--now", mountpoint()}).status, 0);
  const auto successor = mount_in_foreground(mountpoint());
  ASSERT_TRUE(old->running()) << "a program has a file open there";
  expect_clean_end(*old);
  EXPECT_EQ(mounted_type(mountpoint()), "fuse.balancefs") << "the successor's mount is gone";
  EXPECT_EQ(read_file(mountpoint() / "pt/small").text, "small");
  char byte = 0;
  EXPECT_EQ(pread(fd, &byte, 1, 4 << 20), -1) << "the old mount's daemon has ended";
  close(fd);
  expect_clean_end(*successor);
  EXPECT_EQ(mounted_type(mountpoint()), "");
}

TEST_F(CoveredMount, AForcedEndLeavesTheSuccessorAloneToo) {
  const auto old = mount_in_foreground(mountpoint());
  const int fd = open((mountpoint() / "pt/big").c_str(), O_RDONLY | O_CLOEXEC);
  ASSERT_EQ(balancefs({"unmount", "--now", mountpoint()}).status, 0);
  const auto successor = mount_in_foreground(mountpoint());
  old->signal(SIGTERM);
  old->signal(SIGINT);  // by force, unless the clean end was quicker
  EXPECT_FALSE(old->finish(30s).timed_out);
  close(fd);
  EXPECT_EQ(read_file(mountpoint() / "pt/small").text, "small");
  expect_clean_end(*successor);
}

TEST_F(CoveredMount, AMountUnderAnotherFileSystemEndsWithoutTouchingIt) {
  if (geteuid() != 0) GTEST_SKIP() << "only root mounts a tmpfs";
  const auto daemon = mount_in_foreground(mountpoint());
  ASSERT_EQ(::mount("none", mountpoint().c_str(), "tmpfs", 0, nullptr), 0) << strerror(errno);
  write_file(mountpoint() / "precious", "kept");
  expect_clean_end(*daemon);
  EXPECT_EQ(read_file(mountpoint() / "precious").text, "kept");
  ASSERT_EQ(umount2(mountpoint().c_str(), 0), 0) << strerror(errno);
  EXPECT_EQ(open_error(mountpoint(), O_RDONLY | O_DIRECTORY), ENOTCONN) << "never an empty folder";
  ASSERT_EQ(mount_in_background(local_config()).status, 0) << "what is left is detached as after a crash";
  EXPECT_EQ(balancefs({"unmount", mountpoint()}).status, 0);
  EXPECT_EQ(mounts_at(mountpoint()), 0);
}

// SEMANTICS: "A stale mount of ours is detached first, nobody else's ever."
TEST_F(CoveredMount, AllStaleMountsOfAPointAreDetached) {
  if (geteuid() != 0) GTEST_SKIP() << "only root moves mounts above each other";
  const auto aside = scratch_.path() / "aside";
  std::filesystem::create_directory(aside);
  const auto first = mount_in_foreground(mountpoint());
  const auto second = mount_in_foreground(aside);
  first->signal(SIGKILL);
  second->signal(SIGKILL);
  ASSERT_EQ(first->finish(10s).status, 128 + SIGKILL);
  ASSERT_EQ(second->finish(10s).status, 128 + SIGKILL);
  for (int i = 0; i < 2; ++i) {
    ASSERT_EQ(::mount(aside.c_str(), mountpoint().c_str(), nullptr, MS_BIND, nullptr), 0) << strerror(errno);
  }
  ASSERT_EQ(umount2(aside.c_str(), MNT_DETACH), 0);
  ASSERT_EQ(mounts_at(mountpoint()), 3);
  const ProgramResult mounted = mount_in_background(local_config());
  EXPECT_EQ(mounted.status, 0) << mounted.text();
  EXPECT_EQ(mounts_at(mountpoint()), 1);
  EXPECT_EQ(read_file(mountpoint() / "pt/small").text, "small");
  EXPECT_EQ(balancefs({"unmount", mountpoint()}).status, 0);
}

// A request that comes in the turn of the loop in which the session goes must not find it gone.
TEST_F(CoveredMount, MountsThatEndWhileProgramsAskThemEndCleanly) {
  for (int i = 0; i < 25 && !HasFailure(); ++i) {
    const auto daemon = mount_in_foreground(mountpoint());
    Program asking({"/bin/sh", "-c", "while [ -d \"$1\" ]; do :; done; while :; do [ -e \"$1/x\" ]; done",
                    "sh", mountpoint() / "pt"});
    EXPECT_FALSE(asking.wait(20ms)) << asking.err();
    expect_clean_end(*daemon);
    EXPECT_EQ(mounted_type(mountpoint()), "") << "turn " << i;
  }
}

}  // namespace
}  // namespace balancefs::test
