// Programs of which the harm would be done by names that are missing: rsync that deletes, updatedb that
// forgets, du that counts, git that reports every file as deleted. Over a balanced mount, while members are
// up and down.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <thread>

#include "mount/shaped_members.h"

namespace balancefs::test {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr const char* kImpatient =
    "[metadata]\nttl = \"300ms\"\nmax_stale = \"600ms\"\npatience = \"1s\"\ntimeout = \"2s\"\n";
constexpr auto kRsyncLimit = 60s;

class MetadataPrograms : public ShapedMembers {
 protected:
  static constexpr int kFolders = 8, kFiles = 6;

  void start_tree() {
    for (int i = 0; i < kFolders; ++i)
      make_files(native() / fmt::format("d{}", i % 4) / numbered(i), kFiles, 1000);
    start_shaped(3, kImpatient, away(5ms));
  }
  /// Members stop, and what is known of them is too old to be served without asking.
  void stop_members(int count) {
    for (int i = 0; i < count; ++i) shaper(i).set_fault(ShaperFault::refuse);
    std::this_thread::sleep_for(700ms);
  }
  fs::path copy() const { return scratch_.path() / "copy"; }
  /// With the mount's times and modes, so that there is nothing to do.
  void copy_from_mount() const {
    const ProgramResult copied = run({"rsync", "-a", pt().string() + "/", copy()});
    ASSERT_EQ(copied.status, 0) << copied.text();
  }
  static ProgramResult dry_run(const fs::path& from, const fs::path& to) {
    return run({"rsync", "-an", "--delete", "--out-format=%i %n", from.string() + "/", to.string() + "/"},
               kRsyncLimit);
  }
  void expect_nothing_to_do(const std::string& when) const {
    for (const auto& [from, to] : {std::pair(pt(), copy()), std::pair(copy(), pt())}) {
      const ProgramResult synced = dry_run(from, to);
      EXPECT_EQ(synced.status, 0) << when << synced.text();
      EXPECT_EQ(synced.out, "") << when << ", from " << from;
    }
  }
};

TEST_F(MetadataPrograms, RsyncHasNothingToDoWhateverIsDown) {
  start_tree();
  copy_from_mount();
  expect_nothing_to_do("the first time");
  expect_nothing_to_do("the second time");
  stop_members(1);
  expect_nothing_to_do("one member is down");
  stop_members(3);
  expect_nothing_to_do("all members are down");
}

TEST_F(MetadataPrograms, RsyncWithDeleteFromADeadMountDeletesNothing) {
  start_tree();
  copy_from_mount();
  const std::string before = tree_checksums(copy());
  stop_members(3);
  app_->stop();
  app_->start();  // nothing is known, or what was kept; in neither case may anything be taken for deleted
  const ProgramResult synced =
      run({"rsync", "-a", "--delete", pt().string() + "/", copy().string() + "/"}, kRsyncLimit);
  EXPECT_FALSE(synced.timed_out);
  EXPECT_EQ(difference(before, tree_checksums(copy())), "") << synced.text();
}

TEST_F(MetadataPrograms, RsyncWithDeleteFromAMountOfWhichOnlyTheRootIsKnownDeletesNothing) {
  start_tree();
  const ProgramResult copied = run({"cp", "-a", native(), copy()});
  ASSERT_EQ(copied.status, 0) << copied.text();
  const std::string before = tree_checksums(copy());
  ASSERT_EQ(run({"ls", pt()}).status, 0);
  stop_members(3);
  const ProgramResult synced =
      run({"rsync", "-a", "--delete", pt().string() + "/", copy().string() + "/"}, kRsyncLimit);
  EXPECT_FALSE(synced.timed_out);
  EXPECT_EQ(synced.status, 23) << "partial transfer: " << synced.text();
  EXPECT_EQ(difference(before, tree_checksums(copy())), "") << synced.text();
}

TEST_F(MetadataPrograms, UpdatedbForgetsNothingWhileEverythingIsDown) {
  start_tree();
  const std::string database = scratch_.path() / "locate.db";
  const auto located = [&] {
    const ProgramResult built = run({"updatedb", "-l", "0", "-o", database, "-U", pt(), "--prunefs", "",
                                     "--prunepaths", "", "--prunenames", "", "--prune-bind-mounts", "no"});
    EXPECT_EQ(built.status, 0) << built.text();
    return run({"locate", "-d", database, "-c", "/f00"}).out;
  };
  const std::string all = fmt::format("{}\n", kFolders * (kFiles + 1));
  EXPECT_EQ(located(), all);
  stop_members(3);
  EXPECT_EQ(located(), all);
  fs::remove(database);  // it would take over what it knew of folders with the same time
  EXPECT_EQ(located(), all);
}

TEST_F(MetadataPrograms, DuAddsUpTheSizesThatTheFilesHave) {
  start_tree();
  const auto used = [&] {
    const ProgramResult added = run({"du", "-s", "--apparent-size", "--block-size=1", pt("d1")});
    EXPECT_EQ(added.err, "");
    return added.out;
  };
  struct stat folder = {};
  ASSERT_EQ(stat(pt("d1").c_str(), &folder), 0);
  // Two folders below it.
  const std::string expected =
      fmt::format("{}\t{}\n", 2 * kFiles * 1000 + 3 * folder.st_size, pt("d1").string());
  EXPECT_EQ(used(), expected);
  stop_members(3);
  EXPECT_EQ(used(), expected);
}

/// A repository, served by Apache, which lists names that begin with a dot.
class Repository : public BalancedMount {
 protected:
  static constexpr const char* kMake = R"(set -e
    git init -q -b main .
    mkdir -p src/deep
    for i in 0 1 2 3 4 5 6 7 8 9; do echo "file $i" >"src/deep/file $i.txt"; done
    git add .
    git commit -q -m first
    echo more >>"src/deep/file 3.txt"
    git commit -q -a -m second)";
  void start_repository() {
    fs::create_directories(native());
    const ProgramResult made = git_script(kMake, native());
    ASSERT_EQ(made.status, 0) << made.text();
    ServerOptions serve;
    serve.root = native();
    for (int i = 0; i < 2; ++i) members_.push_back(start_server(ServerKind::apache_webdav, serve));
    mount(kImpatient);
  }
  ProgramResult git_script(const std::string& script, const fs::path& folder) const {
    return run_script(
        "export HOME=/nonexistent GIT_CONFIG_NOSYSTEM=1 GIT_OPTIONAL_LOCKS=0 GIT_AUTHOR_NAME=a "
        "GIT_AUTHOR_EMAIL=a GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a; " +
            script,
        folder);
  }
  void expect_a_clean_repository(const std::string& when) const {
    const ProgramResult status = git_script("git status --porcelain", pt());
    EXPECT_EQ(status.status, 0) << when << status.text();
    EXPECT_EQ(status.out, "") << when;
    const ProgramResult log = git_script("git log --stat", pt());
    EXPECT_EQ(log.status, 0) << when << log.text();
    EXPECT_EQ(log.out, git_script("git log --stat", native()).out) << when;
  }
};

TEST_F(Repository, GitSeesACleanOneWithAllMembersAndWithOne) {
  start_repository();
  expect_a_clean_repository("all members are up");
  member(0).stop();
  std::this_thread::sleep_for(700ms);
  expect_a_clean_repository("one member is down");
}

}  // namespace
}  // namespace balancefs::test
