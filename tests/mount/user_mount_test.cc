// Mounts of a user who is not root, as most desktops have them: /dev/fuse open to all, fusermount3 with its
// set-user-id bit. Root sets the scene: the device's mode for the time of the test, a folder of that user's,
// and every command through setpriv.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mount/lifecycle.h"

namespace balancefs::test {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr uid_t kUser = 65534;  // nobody
constexpr const char* kDevice = "/dev/fuse";

/// /dev/fuse as distributions have it, while the test runs.
class OpenDevice {
 public:
  OpenDevice() {
    struct stat info = {};
    opened_ = stat(kDevice, &info) == 0 && chmod(kDevice, 0666) == 0;
    mode_ = info.st_mode & 07777U;
  }
  OpenDevice(const OpenDevice&) = delete;
  OpenDevice& operator=(const OpenDevice&) = delete;
  ~OpenDevice() {
    if (opened_) chmod(kDevice, mode_);
  }
  bool opened() const { return opened_; }

 private:
  mode_t mode_ = 0;
  bool opened_ = false;
};

std::string cannot_be_set_up_because(const OpenDevice& device) {
  if (geteuid() != 0) return "only root can become another user";
  if (!device.opened()) return "/dev/fuse cannot be opened to all";
  if (run_script("command -v setpriv && command -v fusermount3", {}).status != 0) {
    return "setpriv or fusermount3 is missing";
  }
  struct stat info = {};
  const ProgramResult found = run_script("readlink -f \"$(command -v fusermount3)\"", {});
  const std::string helper = found.out.substr(0, found.out.find('\n'));
  if (stat(helper.c_str(), &info) != 0 || (info.st_mode & S_ISUID) == 0) {
    return "fusermount3 has no set-user-id bit";
  }
  return {};
}

class UserMount : public Lifecycle {
 protected:
  void SetUp() override {
    Lifecycle::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    const std::string reason = cannot_be_set_up_because(device_);
    if (!reason.empty()) {
      if (std::getenv("BALANCEFS_REQUIRE_MOUNT") != nullptr) FAIL() << reason;
      GTEST_SKIP() << reason;
    }
    // The build may lie where that user cannot look.
    binary_ = scratch_.path() / "balancefs";
    fs::copy_file(BALANCEFS_BINARY, binary_);
    config_ = local_config();
    ASSERT_EQ(run({"chown", "-R", std::to_string(kUser), scratch_.path()}).status, 0);
  }
  void TearDown() override {
    Lifecycle::TearDown();
    rmdir(fmt::format("/tmp/balancefs-{}", kUser).c_str());  // of that user's control sockets
  }
  std::vector<std::string> by_user(const std::vector<std::string>& command) const {
    std::vector<std::string> whole = {"setpriv", fmt::format("--reuid={}", kUser),
                                      fmt::format("--regid={}", kUser), "--clear-groups", "--"};
    whole.insert(whole.end(), command.begin(), command.end());
    return whole;
  }
  ProgramResult user_runs(const std::vector<std::string>& command) const {
    return run(by_user(command), 60s);
  }
  ProgramResult user_mounts(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> command = {binary_, "mount", "--config", config_, mountpoint()};
    command.insert(command.end(), more.begin(), more.end());
    return user_runs(command);
  }
  std::string user_reads(const std::string& name) const {
    return user_runs({"cat", mountpoint() / "pt" / name}).out;
  }

  OpenDevice device_;
  fs::path binary_;
  std::string config_;
};

TEST_F(UserMount, MountsReadsAndUnmounts) {
  const ProgramResult mounted = user_mounts();
  ASSERT_EQ(mounted.status, 0) << mounted.text();
  EXPECT_EQ(mounted_type(mountpoint()), "fuse.balancefs");
  EXPECT_EQ(user_reads("small"), "small");
  EXPECT_EQ(user_reads("big"), ramp_bytes(0, 8U << 20U));
  const ProgramResult listed = user_runs({"stat", "-c", "%u %A", mountpoint() / "pt/small"});
  EXPECT_EQ(listed.out, "65534 -rw-r--r--\n") << listed.text();
  const ProgramResult unmounted = user_runs({binary_, "unmount", mountpoint()});
  EXPECT_EQ(unmounted.status, 0) << unmounted.text();
  EXPECT_EQ(mounted_type(mountpoint()), "");
}

TEST_F(UserMount, IsClosedToOthersAndToRootAsEveryFuseMount) {
  ASSERT_EQ(user_mounts().status, 0);
  EXPECT_EQ(open_error(mountpoint(), O_RDONLY | O_DIRECTORY), EACCES);
  EXPECT_EQ(open_error(mountpoint() / "pt/small"), EACCES);
  const ProgramResult again = balancefs({"mount", "--config", config_, mountpoint()});
  EXPECT_EQ(again.status, 1) << again.text();
  EXPECT_NE(again.err.find("mounted here already"), std::string::npos) << again.text();
  // Root may take it down all the same.
  const ProgramResult unmounted = balancefs({"unmount", mountpoint()});
  EXPECT_EQ(unmounted.status, 0) << unmounted.text();
  EXPECT_EQ(mounted_type(mountpoint()), "");
}

TEST_F(UserMount, AllowOtherIsRefusedWithTheReasonUnlessFuseConfAllowsIt) {
  if (run_script("grep -q '^user_allow_other' /etc/fuse.conf", {}).status == 0) {
    GTEST_SKIP() << "/etc/fuse.conf allows it";
  }
  const ProgramResult refused = user_mounts({"-o", "allow_other"});
  EXPECT_EQ(refused.status, 1) << refused.text();
  EXPECT_NE(refused.err.find("user_allow_other"), std::string::npos) << refused.text();
  EXPECT_EQ(mounted_type(mountpoint()), "");
}

TEST_F(UserMount, IsRefreshedByItsUserAndByRootAndByNobodyElse) {
  ASSERT_EQ(user_mounts().status, 0);
  ASSERT_EQ(run({"chmod", "755", scratch_.path()}).status, 0);
  const ProgramResult own = user_runs({binary_, "refresh", mountpoint() / "pt"});
  EXPECT_EQ(own.status, 0) << own.text();
  const ProgramResult root = balancefs({"refresh", mountpoint() / "pt"});
  EXPECT_EQ(root.status, 0) << root.text();
  const ProgramResult other = run({"setpriv", "--reuid=65533", "--regid=65533", "--clear-groups", "--",
                                   binary_, "refresh", mountpoint() / "pt"});
  EXPECT_EQ(other.status, 1) << other.text();
  EXPECT_NE(other.err.find("is mounted by another user (uid 65534)"), std::string::npos) << other.text();
  EXPECT_EQ(user_runs({binary_, "unmount", mountpoint()}).status, 0);
}

TEST_F(UserMount, IsNotUnmountedByAnotherUser) {
  ASSERT_EQ(user_mounts().status, 0);
  ASSERT_EQ(run({"chmod", "755", scratch_.path()}).status, 0);
  const ProgramResult refused = run({"setpriv", "--reuid=65533", "--regid=65533", "--clear-groups", "--",
                                     binary_, "unmount", mountpoint()});
  EXPECT_EQ(refused.status, 1) << refused.text();
  EXPECT_EQ(mounted_type(mountpoint()), "fuse.balancefs");
  EXPECT_EQ(user_runs({binary_, "unmount", mountpoint()}).status, 0);
}

TEST_F(UserMount, SigtermUnmountsAlsoWhileItIsInUse) {
  Program daemon(by_user({binary_, "mount", "--foreground", "--config", config_, mountpoint()}));
  ASSERT_TRUE(eventually([&] { return user_reads("small") == "small"; })) << daemon.err();
  Program holder(
      by_user({"/bin/sh", "-c", "exec 3<\"$1\"; echo open; sleep 60", "sh", mountpoint() / "pt/big"}));
  ASSERT_TRUE(eventually([&] { return holder.out() == "open\n"; })) << holder.err();
  daemon.signal(SIGTERM);
  const ProgramResult ended = daemon.finish(30s);
  EXPECT_EQ(ended.status, 0) << ended.text();
  EXPECT_EQ(mounted_type(mountpoint()), "");
}

TEST_F(UserMount, AfterACrashTheNextMountDetachesWhatIsLeft) {
  Program daemon(by_user({binary_, "mount", "--foreground", "--config", config_, mountpoint()}));
  ASSERT_TRUE(eventually([&] { return user_reads("small") == "small"; })) << daemon.err();
  daemon.signal(SIGKILL);
  ASSERT_EQ(daemon.finish(10s).status, 128 + SIGKILL);
  ASSERT_EQ(mounted_type(mountpoint()), "fuse.balancefs");
  const ProgramResult mounted = user_mounts();
  EXPECT_EQ(mounted.status, 0) << mounted.text();
  EXPECT_EQ(user_reads("small"), "small");
  EXPECT_EQ(user_runs({binary_, "unmount", "--now", mountpoint()}).status, 0);
}

TEST_F(UserMount, AFolderOfSomebodyElseIsRefusedInOneLine) {
  ASSERT_EQ(run({"chown", "0", mountpoint()}).status, 0);
  const ProgramResult refused = user_mounts();
  EXPECT_EQ(refused.status, 1) << refused.text();
  EXPECT_NE(refused.err.find("not writable for you"), std::string::npos) << refused.text();
  EXPECT_EQ(std::count(refused.err.begin(), refused.err.end(), '\n'), 1) << refused.text();
}

}  // namespace
}  // namespace balancefs::test
