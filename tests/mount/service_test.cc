// The daemon under a service manager: what it tells systemd, and its lines in a real journal.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "mount/lifecycle.h"
#include "support/temp_folder.h"

namespace balancefs::test {
namespace {

using namespace std::chrono_literals;

/// The service manager's side of sd_notify; processes that are started while it lives find it.
class Manager {
 public:
  Manager() : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    path().copy(address.sun_path, sizeof address.sun_path - 1);
    EXPECT_EQ(::bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    variable_.emplace("NOTIFY_SOCKET", path().c_str());
  }
  Manager(const Manager&) = delete;
  Manager& operator=(const Manager&) = delete;
  ~Manager() { ::close(socket_); }

  /// Everything that was said so far, each datagram followed by an empty line.
  const std::string& heard() {
    char text[1024];
    for (ssize_t count = 0; (count = ::recv(socket_, text, sizeof text, 0)) >= 0;) {
      all_.append(text, static_cast<std::size_t>(count)).append("\n\n");
    }
    return all_;
  }
  bool hears(const std::string& words) {
    return eventually([&] { return heard().find(words) != std::string::npos; });
  }
  int count(const std::string& words) {
    int found = 0;
    const std::string& text = heard();
    for (std::size_t at = 0; (at = text.find(words, at)) != std::string::npos; ++at) ++found;
    return found;
  }

 private:
  std::string path() const { return folder_.path("notify"); }

  TempFolder folder_;
  int socket_;
  std::optional<ScopedVariable> variable_;
  std::string all_;
};

class UnderAServiceManager : public Lifecycle {
 protected:
  void mount_local() {
    MountConfig config;
    config.storages.emplace_back("/pt", "local", native());
    app_ = std::make_unique<MountedApp>(config);
  }
  Manager manager_;
};

TEST_F(UnderAServiceManager, ItIsToldOfReadinessAndOfTheEnd) {
  mount_local();
  ASSERT_TRUE(manager_.hears("READY=1")) << manager_.heard();
  const std::string ready = fmt::format("READY=1\nSTATUS=serving {}\n\n", app_->mountpoint().string());
  EXPECT_EQ(manager_.heard(), ready) << "one message, with a line of status";
  app_->stop();
  EXPECT_EQ(manager_.heard(), ready + "STOPPING=1\nSTATUS=unmounting\n\n");
}

TEST_F(UnderAServiceManager, ItIsToldOfAReloadAndOfItsEnd) {
  mount_local();
  ASSERT_TRUE(manager_.hears("READY=1"));
  kill(app_->pid(), SIGHUP);
  EXPECT_TRUE(eventually([&] { return manager_.count("READY=1") == 2; })) << manager_.heard();
  EXPECT_EQ(manager_.count("RELOADING=1\nMONOTONIC_USEC="), 1) << manager_.heard();
  EXPECT_TRUE(app_->logs("reloaded: no group changed"));
  EXPECT_EQ(read_file(pt("small")).text, "small");
}

TEST_F(UnderAServiceManager, AMountThatFailsIsNeverReady) {
  const ProgramResult failed = balancefs({"mount", "--foreground", "--config", local_config(), "/proc"});
  EXPECT_EQ(failed.status, 1) << failed.text();
  EXPECT_EQ(manager_.heard(), "");
}

TEST_F(UnderAServiceManager, TheWatchdogIsFedFromReadinessToTheEnd) {
  const ScopedVariable interval("WATCHDOG_USEC", "200000");
  mount_local();
  ASSERT_TRUE(manager_.hears("READY=1"));
  EXPECT_TRUE(eventually([&] { return manager_.count("WATCHDOG=1") >= 5; })) << manager_.heard();
  EXPECT_LT(manager_.heard().find("READY=1"), manager_.heard().find("WATCHDOG=1"));
  app_->stop();
  const std::string end = manager_.heard();
  EXPECT_EQ(manager_.heard(), end);
}

TEST_F(UnderAServiceManager, AStoppedDaemonFeedsNoWatchdog) {
  const ScopedVariable interval("WATCHDOG_USEC", "100000");
  mount_local();
  ASSERT_TRUE(manager_.hears("WATCHDOG=1"));
  kill(app_->pid(), SIGSTOP);
  const int state_wanted = 'T';
  EXPECT_TRUE(eventually([&] {
    return run({"ps", "-o", "state=", "-p", std::to_string(app_->pid())}).out.find(char(state_wanted)) == 0;
  }));
  const int before = manager_.count("WATCHDOG=1");
  EXPECT_EQ(run({"sleep", "1"}).status, 0);
  EXPECT_EQ(manager_.count("WATCHDOG=1"), before);
  kill(app_->pid(), SIGCONT);
  EXPECT_TRUE(eventually([&] { return manager_.count("WATCHDOG=1") > before; }));
}

TEST_F(UnderAServiceManager, AWatchdogOfAnotherProcessIsLeftAlone) {
  const ScopedVariable interval("WATCHDOG_USEC", "100000");
  const ScopedVariable process("WATCHDOG_PID", "1");
  mount_local();
  ASSERT_TRUE(manager_.hears("READY=1"));
  EXPECT_EQ(run({"sleep", "1"}).status, 0);
  EXPECT_EQ(manager_.count("WATCHDOG"), 0);
}

/// A journal of the test's own: the real systemd-journald in a mount namespace where its folders are new. In
/// a chroot, whose root is no mount, nothing can be made private: what is mounted goes again at the end. $1:
/// the daemon, $2: its configuration, $3: the mountpoint. Prints the journal's lines as JSON.
constexpr const char* kWithJournal = R"script(
set -e
mount --make-rprivate / 2>/dev/null || true
mount -t tmpfs none /run/systemd
cgroups=
if [ -z "$(ls -A /sys/fs/cgroup)" ]; then  # journald ends without them
  mount -t cgroup2 none /sys/fs/cgroup
  cgroups=/sys/fs/cgroup
fi
mount -t tmpfs none /run/log
if [ -d /var/log/journal ]; then mount -t tmpfs none /var/log/journal; fi
mkdir -p /run/systemd/journal /run/log/journal
/lib/systemd/systemd-journald 2>/dev/null &
journald=$!
leave() {
  kill $journald; wait $journald || true
  for place in /var/log/journal /run/log /run/systemd $cgroups; do umount -l $place 2>/dev/null || true; done
}
trap leave EXIT
for i in $(seq 100); do [ -S /run/systemd/journal/socket ] && break; sleep 0.1; done
"$1" mount --config "$2" "$3"
cat "$3/pt/small" >/dev/null
"$1" unmount "$3"
journalctl --sync
journalctl -t balancefs -o json --no-pager -q
)script";

TEST_F(Lifecycle, LogLinesReachTheJournalWithPriorityAndIdentifier) {
  std::string missing;
  if (geteuid() != 0) missing = "only root starts a journal";
  if (access("/lib/systemd/systemd-journald", X_OK) != 0) missing = "systemd-journald is missing";
  if (!missing.empty()) {
    if (std::getenv("BALANCEFS_REQUIRE_MOUNT") != nullptr) FAIL() << missing;
    GTEST_SKIP() << missing;
  }
  MountConfig config;
  config.storages.emplace_back("/pt", "local", native());
  config.storages.emplace_back("/ptnc1", "local", native());  // `check` and the log warn of such a name
  std::string text = config.toml();
  text.replace(text.find("\"stderr\""), 8, "\"journal\"");
  write_file(scratch_.path() / "journal.conf", text);
  const ProgramResult told =
      run({"unshare", "--mount", "--propagation", "unchanged", "/bin/sh", "-c", kWithJournal, "sh",
           BALANCEFS_BINARY, scratch_.path() / "journal.conf", mountpoint()});
  ASSERT_EQ(told.status, 0) << told.text();
  const auto has_line = [&](const std::string& message, int priority) {
    std::istringstream lines(told.out);
    for (std::string line; std::getline(lines, line);) {
      if (line.find(message) == std::string::npos) continue;
      return line.find(fmt::format("\"PRIORITY\":\"{}\"", priority)) != std::string::npos &&
             line.find("\"SYSLOG_IDENTIFIER\":\"balancefs\"") != std::string::npos &&
             line.find("\"MESSAGE\":\"") != std::string::npos;
    }
    return false;
  };
  EXPECT_TRUE(has_line("mounted at " + mountpoint().string(), 6)) << told.text();
  EXPECT_TRUE(has_line("/ptnc1", 4)) << told.text();
  EXPECT_TRUE(has_line("stopped", 6)) << told.text();
}

}  // namespace
}  // namespace balancefs::test
