// `balancefs refresh` and SIGUSR1 on real mounts: what the user says is stale is stale, also for the kernel.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>

#include <cstdio>

#include "mount/lifecycle.h"

namespace balancefs::test {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

/// 0, or why stat(2) fails.
int stat_error(const fs::path& path) {
  struct stat info = {};
  return lstat(path.c_str(), &info) == 0 ? 0 : errno;
}

ProgramResult refresh(const fs::path& path, const std::vector<std::string>& more = {}) {
  std::vector<std::string> command = {BALANCEFS_BINARY, "refresh", path};
  command.insert(command.end(), more.begin(), more.end());
  return run(command, 60s);
}

/// The process with that configuration file on its command line; 0: none.
pid_t daemon_of(const fs::path& config) {
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const std::string line = read_file(entry.path() / "cmdline").text;
    const bool is_it = line.starts_with(BALANCEFS_BINARY) && line.find(config.string()) != std::string::npos;
    if (is_it) return std::stoi(entry.path().filename());
  }
  return 0;
}

class Refresh : public Lifecycle {
 protected:
  void mount_members(const std::string& sections = {}) {
    for (const char* name : {"d/one", "d/two", "d/three", "d/sub/deep"}) write_file(native() / name, name);
    start_members(2);
    mount(sections);
  }
  std::string listed(const fs::path& folder) { return run({"ls", folder}).out; }
};

TEST_F(Refresh, AFileThatWasDeletedVanishesAtOnceAndANewOneAppears) {
  mount_members();
  EXPECT_EQ(stat_error(pt("d/one")), 0);
  EXPECT_EQ(stat_error(pt("d/new")), ENOENT);
  fs::remove(native() / "d/one");
  write_file(native() / "d/new", "new");
  EXPECT_EQ(stat_error(pt("d/one")), 0) << "the listing is fresh for a minute";
  EXPECT_EQ(stat_error(pt("d/new")), ENOENT);
  const ProgramResult done = refresh(pt("d/one"));
  EXPECT_EQ(done.status, 0) << done.text();
  EXPECT_EQ(done.out,
            fmt::format("refreshed /pt/d at {}: 1 known listing in 1 group asked for anew when next used\n",
                        app_->mountpoint().string()));
  EXPECT_EQ(stat_error(pt("d/one")), ENOENT);
  EXPECT_EQ(stat_error(pt("d/new")), 0);
  EXPECT_EQ(listed(pt("d")), "new\nsub\nthree\ntwo\n");
}

bool kernel_can_expire() {
  return run_script("printf '6.2\\n%s\\n' \"$(uname -r)\" | sort -VC", {}).status == 0;
}

TEST_F(Refresh, AFolderThatWasDeletedVanishesAndOneThatStaysIsKept) {
  if (!kernel_can_expire()) GTEST_SKIP() << "the kernel keeps a folder's name until its time is up";
  mount_members();
  write_file(native() / "e/x", "x");
  EXPECT_EQ(stat_error(pt("d/sub/deep")), 0);
  EXPECT_EQ(stat_error(pt("e")), 0);
  Program inside({"sh", "-c", "sleep 1000"}, pt("d/sub"));
  fs::remove_all(native() / "e");
  ASSERT_EQ(refresh(pt(), {"--recursive"}).status, 0);
  EXPECT_EQ(stat_error(pt("e")), ENOENT);
  const std::string stands = fs::read_symlink(fmt::format("/proc/{}/cwd", inside.pid()));
  EXPECT_EQ(stands, pt("d/sub").string()) << "programs keep their working folder";
}

TEST_F(Refresh, AnEmptiedRootIsBelievedAfterARefreshAndNotBefore) {
  mount_members("[metadata]\nttl = \"1s\"\n");
  ASSERT_EQ(listed(pt()), "big\nd\nsmall\n");
  for (const char* name : {"big", "small", "d"}) fs::rename(native() / name, scratch_.path() / name);
  EXPECT_TRUE(eventually([&] {
    listed(pt());
    return app_->log().find("until `balancefs refresh` confirms it") != std::string::npos;
  }));
  EXPECT_EQ(listed(pt()), "big\nd\nsmall\n");
  EXPECT_EQ(refresh(pt()).status, 0);
  EXPECT_EQ(listed(pt()), "");
}

TEST_F(Refresh, RecursivelyItCrossesMountPaths) {
  start_separate_members(2);
  write_file(member(0).root() / "a/one", "one");
  write_file(member(1).root() / "b/two", "two");
  MountConfig config;
  config.storages.push_back(storage_of(member(0), "/pt"));
  config.storages.push_back(storage_of(member(1), "/pt/deep/inner"));
  app_ = std::make_unique<MountedApp>(config);
  ASSERT_EQ(run({"find", app_->mountpoint()}).status, 0);
  fs::remove(member(0).root() / "a/one");
  fs::remove(member(1).root() / "b/two");
  ASSERT_EQ(refresh(pt()).status, 0);
  EXPECT_EQ(stat_error(pt("a/one")), 0) << "what is below was not meant";
  const ProgramResult done = refresh(app_->mountpoint(), {"--recursive"});
  EXPECT_NE(done.out.find(" in 2 groups"), std::string::npos) << done.text();
  EXPECT_EQ(stat_error(pt("a/one")), ENOENT);
  EXPECT_EQ(stat_error(pt("deep/inner/b/two")), ENOENT);
}

TEST_F(Refresh, EachOfTwoMountsIsRefreshedByItsPaths) {
  mount_members();
  const MountedApp other(balanced(members_));
  const fs::path one = pt("d/one"), same = other.path("pt/d/one");
  ASSERT_EQ(stat_error(one) + stat_error(same), 0);
  fs::remove(native() / "d/one");
  ASSERT_EQ(refresh(one).status, 0);
  EXPECT_EQ(stat_error(one), ENOENT);
  EXPECT_EQ(stat_error(same), 0);
  ASSERT_EQ(refresh("/pt/d", {"--mount", other.mountpoint()}).status, 0);
  EXPECT_EQ(stat_error(same), ENOENT);
}

TEST_F(Refresh, TakesAnyPathThatLeadsThere) {
  mount_members();
  const ProgramResult inside = run_script("\"$1\" refresh two", pt("d"), {BALANCEFS_BINARY});
  EXPECT_NE(inside.out.find("refreshed /pt/d at"), std::string::npos) << inside.text();
  fs::create_directory_symlink(pt("d"), scratch_.path() / "link");
  EXPECT_EQ(refresh(scratch_.path() / "link").out, refresh(pt("d")).out);
  const ProgramResult odd = refresh(pt("d/100% \xff\"odd"));
  EXPECT_EQ(odd.status, 0) << odd.text();
}

TEST_F(Refresh, OfAPathThatIsInNoMountSaysSo) {
  mount_members();
  const ProgramResult refused = refresh(native());
  EXPECT_EQ(refused.status, 1);
  EXPECT_NE(refused.err.find("lies in no mount of balancefs"), std::string::npos) << refused.text();
  EXPECT_NE(refused.err.find(app_->mountpoint()), std::string::npos) << refused.text();
  EXPECT_EQ(run({BALANCEFS_BINARY, "refresh"}).status, 2);
}

TEST_F(Refresh, ADaemonThatDiedIsMissedAndTheNextOneIsFound) {
  mount_members();
  app_->crash();
  const ProgramResult refused = refresh(pt("d"));
  EXPECT_EQ(refused.status, 1);
  EXPECT_NE(refused.err.find("the daemon of this mount has ended"), std::string::npos) << refused.text();
  app_->start();
  const ProgramResult done = refresh(pt("d"));
  EXPECT_EQ(done.status, 0) << done.text();
}

TEST_F(Refresh, WaitsForNoStorage) {
  mount_members();
  ASSERT_EQ(stat_error(pt("d/one")), 0);
  for (const auto& server : members_) server->freeze();
  const ProgramResult done = run({"timeout", "5", BALANCEFS_BINARY, "refresh", "-r", app_->mountpoint()});
  EXPECT_EQ(done.status, 0) << done.text();
  for (const auto& server : members_) server->thaw();
  EXPECT_EQ(stat_error(pt("d/one")), 0);
}

TEST_F(Refresh, Sigusr1RefreshesEverythingInTheForeground) {
  mount_members();
  EXPECT_EQ(stat_error(pt("d/one")), 0);
  fs::remove(native() / "d/one");
  kill(app_->pid(), SIGUSR1);
  EXPECT_TRUE(
      app_->logs("refreshed everything: it is asked for anew when next used (known listings: 2, groups: 1)"));
  EXPECT_TRUE(eventually([&] { return stat_error(pt("d/one")) == ENOENT; }, 20s)) << "a minute without it";
}

TEST_F(Refresh, Sigusr1RefreshesEverythingInTheBackground) {
  const fs::path log = scratch_.path() / "log";
  MountConfig config;
  config.storages.emplace_back("/pt", "local", native());
  const fs::path file = scratch_.path() / "mount.conf";
  std::string text = config.toml();
  text.replace(text.find("\"stderr\""), 8, "\"" + log.string() + "\"");
  write_file(file, text + "[cache]\nmode = \"memory\"\n");
  ASSERT_EQ(mount_in_background(file).status, 0);
  EXPECT_EQ(stat_error(mountpoint() / "pt/small"), 0);
  fs::remove(native() / "small");
  const pid_t daemon = daemon_of(file);
  ASSERT_GT(daemon, 0);
  ASSERT_EQ(kill(daemon, SIGUSR1), 0);
  EXPECT_TRUE(eventually([&] { return stat_error(mountpoint() / "pt/small") == ENOENT; }, 20s));
  EXPECT_NE(read_file(log).text.find("refreshed everything"), std::string::npos);
  EXPECT_EQ(balancefs({"unmount", mountpoint()}).status, 0);
}

}  // namespace
}  // namespace balancefs::test
