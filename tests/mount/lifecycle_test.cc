// How a mount begins and ends: in the background, while it is in use, while reads are stuck, after a crash.
// Whatever happens, no mount is left behind and nothing waits for ever.
#include "mount/lifecycle.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>

namespace balancefs::test {
namespace {

using namespace std::chrono_literals;

std::ptrdiff_t lines(const std::string& text) {
  return std::count(text.begin(), text.end(), '\n');
}

TEST_F(Lifecycle, TheBackgroundMountAnswersWhenTheCommandReturns) {
  const ProgramResult mounted = mount_in_background(local_config());
  ASSERT_EQ(mounted.status, 0) << mounted.text();
  EXPECT_EQ(read_file(mountpoint() / "pt/small").text, "small");
  const ProgramResult unmounted = balancefs({"unmount", mountpoint()});
  EXPECT_EQ(unmounted.status, 0) << unmounted.text();
  EXPECT_EQ(mounted_type(mountpoint()), "");
}

TEST_F(Lifecycle, TheBackgroundMountLetsGoOfItsCallersPipes) {
  const ProgramResult piped = run_script("\"$1\" mount --config \"$2\" \"$3\" 2>&1 | cat", {},
                                         {BALANCEFS_BINARY, local_config(), mountpoint()}, 60s);
  EXPECT_EQ(piped.status, 0) << piped.text();
  EXPECT_FALSE(piped.timed_out) << "the daemon still holds the pipe";
  EXPECT_EQ(mounted_type(mountpoint()), "fuse.balancefs") << piped.text();
  EXPECT_EQ(balancefs({"unmount", mountpoint()}).status, 0);
}

TEST_F(Lifecycle, AMountInUseIsNotUnmountedAndTheReasonIsGiven) {
  ASSERT_EQ(mount_in_background(local_config()).status, 0);
  const int fd = open((mountpoint() / "pt/big").c_str(), O_RDONLY);
  const ProgramResult refused = balancefs({"unmount", mountpoint()});
  EXPECT_EQ(refused.status, 1) << refused.text();
  EXPECT_NE(refused.err.find("busy"), std::string::npos) << refused.text();
  char byte = 0;
  EXPECT_EQ(pread(fd, &byte, 1, 4 << 20), 1) << "it is still mounted";
  close(fd);
  EXPECT_EQ(balancefs({"unmount", mountpoint()}).status, 0);
}

TEST_F(Lifecycle, UnmountNowDetachesAMountInUse) {
  ASSERT_EQ(mount_in_background(local_config()).status, 0);
  const int fd = open((mountpoint() / "pt/big").c_str(), O_RDONLY);
  const ProgramResult detached = balancefs({"unmount", "--now", mountpoint()});
  EXPECT_EQ(detached.status, 0) << detached.text();
  EXPECT_EQ(mounted_type(mountpoint()), "");
  close(fd);
}

TEST_F(Lifecycle, UnmountSaysWhatIsNoMountOfOurs) {
  for (const std::string& point :
       {mountpoint().string(), std::string("/proc"), std::string("/no/such/folder")}) {
    const ProgramResult refused = balancefs({"unmount", point});
    EXPECT_NE(refused.status, 0) << point;
    EXPECT_EQ(lines(refused.err), 1) << refused.text();
    EXPECT_NE(refused.err.find(point), std::string::npos) << refused.text();
  }
}

TEST_F(Lifecycle, AnUnmountFromOutsideEndsTheDaemon) {
  MountConfig config;
  config.storages.emplace_back("/pt", "local", native());
  app_ = std::make_unique<MountedApp>(config);
  ASSERT_EQ(run({"fusermount3", "-u", app_->mountpoint()}).status, 0);
  EXPECT_EQ(app_->wait_for_end(30s).value_or(-1), 0);
}

TEST_F(Lifecycle, SigintEndsAForegroundMountToo) {
  MountConfig config;
  config.storages.emplace_back("/pt", "local", native());
  app_ = std::make_unique<MountedApp>(config);
  kill(app_->pid(), SIGINT);
  EXPECT_EQ(app_->wait_for_end(30s).value_or(-1), 0);
  EXPECT_EQ(mounted_type(app_->mountpoint()), "");
}

TEST_F(Lifecycle, ACrashShowsAsNotConnectedAndTheNextMountDetachesWhatIsLeft) {
  MountConfig config;
  config.storages.emplace_back("/pt", "local", native());
  app_ = std::make_unique<MountedApp>(config);
  ASSERT_EQ(read_file(pt("small")).text, "small");
  app_->crash();
  EXPECT_EQ(open_error(pt("small")), ENOTCONN);
  EXPECT_EQ(open_error(app_->mountpoint(), O_RDONLY | O_DIRECTORY), ENOTCONN);
  app_->start();
  EXPECT_EQ(read_file(pt("small")).text, "small");
}

TEST_F(Lifecycle, SigtermEndsAMountWhoseReadsAreStuck) {
  start_members(1);
  mount();
  ASSERT_EQ(run({"ls", pt()}).status, 0);
  member(0).freeze();
  Program reader({"cat", pt("big")});
  EXPECT_FALSE(reader.wait(1s)) << reader.finish(1s).text();
  kill(app_->pid(), SIGTERM);
  EXPECT_EQ(app_->wait_for_end(20s).value_or(-1), 0);
  EXPECT_EQ(mounted_type(app_->mountpoint()), "");
  const ProgramResult read = reader.finish(10s);
  EXPECT_FALSE(read.timed_out);
  EXPECT_NE(read.status, 0);
  member(0).thaw();
}

TEST_F(Lifecycle, SigtermEndsAMountThatIsInUse) {
  start_members(1);
  mount();
  const int fd = open(pt("big").c_str(), O_RDONLY);
  app_->stop();  // asserts a clean end
  close(fd);
}

TEST_F(Lifecycle, WrongMountpointsAreExplainedInOneLine) {
  const std::string config = local_config();
  const auto full = scratch_.path() / "full";
  write_file(full / "something", "x");
  const std::pair<std::string, std::string> cases[] = {
      {(scratch_.path() / "missing").string(), "does not exist"},
      {(native() / "small").string(), "not a folder"},
      {full.string(), "not empty"},
      {"/proc", "mount"},
  };
  for (const auto& [point, reason] : cases) {
    const ProgramResult refused = balancefs({"mount", "--config", config, point});
    EXPECT_EQ(refused.status, 1) << refused.text();
    EXPECT_NE(refused.err.find(point), std::string::npos) << refused.text();
    EXPECT_NE(refused.err.find(reason), std::string::npos) << refused.text();
    EXPECT_EQ(lines(refused.err), 1) << refused.text();
  }
}

TEST_F(Lifecycle, AMountpointThatIsMountedAlreadyIsRefused) {
  const std::string config = local_config();
  ASSERT_EQ(mount_in_background(config).status, 0);
  const ProgramResult refused = mount_in_background(config);
  EXPECT_EQ(refused.status, 1) << refused.text();
  EXPECT_NE(refused.err.find("already"), std::string::npos) << refused.text();
  EXPECT_EQ(lines(refused.err), 1) << refused.text();
  EXPECT_EQ(balancefs({"unmount", mountpoint()}).status, 0);
  EXPECT_EQ(mounted_type(mountpoint()), "");
}

TEST_F(Lifecycle, AMountpointInsideALocalStorageIsRefused) {
  std::filesystem::create_directory(native() / "inside");
  const ProgramResult refused = balancefs({"mount", "--config", local_config(), native() / "inside"});
  EXPECT_EQ(refused.status, 1) << refused.text();
  EXPECT_EQ(lines(refused.err), 1) << refused.text();
}

TEST_F(Lifecycle, WrongConfigurationsAreExplainedAndEndWithTwo) {
  const auto file = scratch_.path() / "wrong.conf";
  const std::pair<std::string, std::string> cases[] = {
      {"[mount]\nunknown_key = 1\n", "unknown_key"},
      {"[[storage]]\npath = '/a'\ntype = 'webdav'\nurl = 'dav.example.com/x'\n", "scheme"},
      {"[[storage]]\npath = '/a'\ntype = 'local'\nroot = '/tmp'\n[[storage]]\npath = '/a'\ntype = "
       "'local'\nroot = '/'\n",
       "/a"},
      {"[[storage]]\npath = '/a.balance1/sub'\ntype = 'local'\nroot = '/tmp'\n", "balance"},
      {"this is not TOML", "wrong.conf"},
  };
  for (const auto& [text, reason] : cases) {
    write_file(file, text);
    const ProgramResult refused = balancefs({"mount", "--config", file, mountpoint()});
    EXPECT_EQ(refused.status, 2) << refused.text();
    EXPECT_NE(refused.err.find(reason), std::string::npos) << refused.text();
    EXPECT_EQ(mounted_type(mountpoint()), "");
  }
  const ProgramResult missing = balancefs({"mount", "--config", "/no/such/file.conf", mountpoint()});
  EXPECT_EQ(missing.status, 2) << missing.text();
  EXPECT_NE(missing.err.find("/no/such/file.conf"), std::string::npos) << missing.text();
}

TEST_F(Lifecycle, CheckNamesAWrongPassword) {
  ServerOptions guarded;
  guarded.user = "alice";
  guarded.password = "right";
  start_members(1, guarded);
  const auto check_with = [&](const std::string& password) {
    MountConfig config = balanced(members_);
    config.storages[0].extra = fmt::format("user = 'alice'\npassword = '{}'\n", password);
    write_file(scratch_.path() / "check.conf", config.toml());
    return balancefs({"check", "--config", scratch_.path() / "check.conf"});
  };
  const ProgramResult right = check_with("right");
  EXPECT_EQ(right.status, 0) << right.text();
  const ProgramResult wrong = check_with("wrong-secret");
  EXPECT_EQ(wrong.status, 1) << wrong.text();
  EXPECT_NE((wrong.out + wrong.err).find("password"), std::string::npos) << wrong.text();
  EXPECT_EQ((wrong.out + wrong.err).find("wrong-secret"), std::string::npos) << wrong.text();
}

TEST_F(Lifecycle, CheckFailsForAServerThatIsDownOrNoWebDav) {
  start_members(1);
  members_.push_back(start_server(ServerKind::python_http));
  MountConfig config;
  config.storages.emplace_back("/ok", "webdav", member(0).url());
  config.storages.emplace_back("/no-dav", "webdav", member(1).url());
  config.storages.emplace_back("/down", "webdav", fmt::format("http://127.0.0.1:{}", free_port()));
  write_file(scratch_.path() / "check.conf", config.toml());
  const ProgramResult checked = balancefs({"check", "--config", scratch_.path() / "check.conf"});
  EXPECT_EQ(checked.status, 1) << checked.text();
  for (const char* path : {"/ok", "/no-dav", "/down"}) {
    EXPECT_NE(checked.out.find(path), std::string::npos) << checked.text();
  }
}

TEST_F(Lifecycle, DescriptorsAndMemoryStayFlatOverManyOpens) {
  make_files(native() / "d", 20, 300000);
  start_members(2);
  mount();
  const auto cycle = [&] {
    for (int i = 0; i < 20; ++i) {
      ASSERT_EQ(read_file(pt("d/" + numbered(i))).text.size(), 300000U);
      const int fd = open(pt("big").c_str(), O_RDONLY);
      char byte = 0;
      ASSERT_EQ(pread(fd, &byte, 1, (i * 397) % 8000 * 1000), 1);
      close(fd);
    }
    ASSERT_EQ(run({"ls", "-lR", pt()}).status, 0);
  };
  for (int i = 0; i < 3; ++i) cycle();
  const std::size_t descriptors = app_->descriptor_count(), memory = app_->memory_kib();
  for (int i = 0; i < 10; ++i) cycle();
  // A kept connection more or less is no leak; one per open would be hundreds.
  EXPECT_LE(app_->descriptor_count(), descriptors + 8);
  EXPECT_LE(app_->memory_kib(), memory + 48 * 1024);
}

}  // namespace
}  // namespace balancefs::test
