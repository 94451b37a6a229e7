// A restart of the mount on real servers: what is known of directories is there again, also when no server
// is.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "mount/balanced_mount.h"
#include "support/ramp_bytes.h"

namespace balancefs::test {
namespace {

constexpr std::size_t kFile = 300'000;

class RestartTest : public BalancedMount {
 protected:
  void SetUp() override {
    MountTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    NativeTreeOptions tree;
    tree.many = 200;
    tree.dot_files = false;
    make_native_tree(native() / "tree", tree);
    write_file(native() / "film", ramp_bytes(0, kFile, 3));
    start_members(2);
  }
  void mount_with(const std::string& mode, const std::string& more = {}) {
    mount(fmt::format("[cache]\nmode = \"{}\"\ndir = '{}'\n{}", mode, cache().string(), more));
  }
  std::filesystem::path cache() const { return scratch_.path() / "kept"; }
  void stop_servers() {
    for (const auto& server : members_) server->stop();
  }
  void start_servers() {
    for (const auto& server : members_) server->start();
  }
  /// What `find` says of the whole mount: every path, its type and size.
  std::string found() const {
    const ProgramResult result =
        run({"find", pt(), "-mindepth", "1", "-type", "d", "-printf", "%P\\n", "-o", "-printf", "%P %s\\n"});
    EXPECT_EQ(result.status, 0) << result.text();
    return result.out;
  }
  /// How much of `film` the disk cache has.
  std::uint64_t film_on_disk() const {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(cache())) {
      struct stat info{};
      const bool data = entry.path().extension() == ".data";
      if (data && ::stat(entry.path().c_str(), &info) == 0)
        return static_cast<std::uint64_t>(info.st_blocks) * 512;
    }
    return 0;
  }
  bool listings_are_written() const {
    const std::string log = app_->log();
    const std::size_t written = log.rfind("all changes are written");
    const std::size_t waiting = log.rfind("changes wait to be written");
    return written != std::string::npos && written > waiting;
  }
  /// `absent`: what a name that was not listed gives.
  void expect_everything_is_there(const std::string& before, int absent = ENOENT) {
    EXPECT_EQ(found(), before);
    EXPECT_NE(run({"ls", pt()}).out.find("film\ntree\n"), std::string::npos);
    const ProgramResult stat = run({"stat", "-c", "%s %F", pt("film")});
    EXPECT_EQ(stat.out, fmt::format("{} regular file\n", kFile)) << stat.text();
    EXPECT_EQ(open_error(pt("tree/nothing of that name")), absent) << "the last complete listing lacks it";
  }
};

TEST_F(RestartTest, WithoutAServerItListsWhatItKnewAndReadsWhatTheDiskHolds) {
  mount_with("disk");
  const std::string before = found();
  ASSERT_EQ(read_file(pt("film")).text, ramp_bytes(0, kFile, 3));
  app_->stop();
  stop_servers();
  app_->start();
  expect_everything_is_there(before);
  EXPECT_EQ(read_file(pt("film")).text, ramp_bytes(0, kFile, 3));
  app_->stop();
  app_->start();
  expect_everything_is_there(before);
  start_servers();
}

TEST_F(RestartTest, AfterAKillItListsWhatItKnewAndReadsWhatTheDiskHolds) {
  mount_with("disk");
  const std::string before = found();
  ASSERT_EQ(read_file(pt("film")).text, ramp_bytes(0, kFile, 3));
  ASSERT_TRUE(eventually([&] { return listings_are_written() && film_on_disk() >= kFile; }));
  app_->crash();
  stop_servers();
  app_->start();
  // SEMANTICS: "After a crash nothing that was kept proves that a name is absent."
  expect_everything_is_there(before, EIO);
  EXPECT_EQ(read_file(pt("film")).text, ramp_bytes(0, kFile, 3));
  start_servers();
}

TEST_F(RestartTest, InMemoryModeTheTreeIsThereAndDataIsAnError) {
  mount_with("memory", "[read]\nread_timeout = \"5s\"\n");
  const std::string before = found();
  ASSERT_EQ(read_file(pt("film")).text, ramp_bytes(0, kFile, 3));
  app_->stop();
  stop_servers();
  app_->start();
  expect_everything_is_there(before);
  EXPECT_EQ(read_file(pt("film")).error, EIO);
  start_servers();
}

TEST_F(RestartTest, WhatChangedWhileItWasDownIsSeen) {
  mount_with("disk", "[metadata]\nttl = \"1s\"\n");
  found();
  app_->stop();
  write_file(native() / "tree" / "new", "new");
  std::filesystem::remove(native() / "film");
  app_->start();
  EXPECT_TRUE(eventually([&] { return read_file(pt("tree/new")).text == "new"; }));
  EXPECT_TRUE(eventually([&] { return open_error(pt("film")) == ENOENT; }));
}

TEST_F(RestartTest, AStorageThatWasPointedElsewhereShowsNothingOfTheOldOne) {
  mount_with("disk");
  found();
  app_->stop();
  const auto other = start_server(ServerKind::nginx_webdav);
  write_file(other->root() / "other", "other");
  MountConfig config = balanced({other->url()});
  config.sections = fmt::format("[cache]\nmode = \"disk\"\ndir = '{}'\n", cache().string());
  const std::filesystem::path first = app_->config_file();
  write_file(first, config.toml());
  app_->start();
  EXPECT_EQ(run({"ls", pt()}).out, "other\n");
}

TEST_F(RestartTest, ABrokenFileIsOneLineAndTheMountIsWell) {
  mount_with("disk");
  const std::string before = found();
  app_->stop();
  for (const auto& entry : std::filesystem::recursive_directory_iterator(cache())) {
    if (entry.path().filename() == "listings.sqlite") write_file(entry.path(), std::string(20'000, 'x'));
  }
  app_->start();
  EXPECT_EQ(found(), before);
  EXPECT_TRUE(app_->logs("begun anew"));
}

}  // namespace
}  // namespace balancefs::test
