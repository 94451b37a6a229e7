// What a mount says of its files besides their bytes: it is read-only, inode numbers are stable, and extended
// attributes tell where a path comes from without being copied.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>

#include "mount/balanced_mount.h"

namespace balancefs::test {
namespace {

class Attributes : public BalancedMount {
 protected:
  void SetUp() override {
    MountTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    make_files(native() / "d", 5, 1000);
    start_members(2);
    mount();
  }
};

TEST_F(Attributes, EverythingThatWritesIsAReadOnlyFileSystem) {
  const std::string file = pt("d/f001"), fresh = pt("d/new"), directory = pt("d");
  const std::vector<std::vector<std::string>> commands = {
      {"touch", file},
      {"touch", fresh},
      {"mkdir", fresh},
      {"rm", "-f", file},
      {"rmdir", directory},
      {"mv", file, fresh},
      {"chmod", "600", file},
      {"chown", "nobody", file},
      {"ln", file, fresh},
      {"ln", "-s", "target", fresh},
      {"mkfifo", fresh},
      {"truncate", "-s", "0", file},
      {"cp", file, fresh},
      {"setfattr", "-n", "user.x", "-v", "1", file},
      {"setfattr", "-x", "user.balancefs.member", file},
  };
  for (const auto& command : commands) {
    const ProgramResult result = run(command);
    const std::string text = fmt::format("{}: {}", fmt::join(command, " "), result.text());
    EXPECT_NE(result.status, 0) << text;
    EXPECT_NE(result.err.find("Read-only file system"), std::string::npos) << text;
  }
  EXPECT_EQ(open_error(file, O_WRONLY), EROFS);
  EXPECT_EQ(open_error(file, O_RDWR), EROFS);
  EXPECT_EQ(open_error(fresh, O_WRONLY | O_CREAT), EROFS);
  EXPECT_EQ(tree_listing(pt()), tree_listing(native()));
}

TEST_F(Attributes, TheMembersOfAPathAreToldByAttribute) {
  read_file(pt("d/f001"));
  EXPECT_EQ(attribute(pt("d/f001"), "user.balancefs.members").value_or("none"), "/pt,/pt.balance1");
  EXPECT_EQ(attribute(pt(), "user.balancefs.members").value_or("none"), "/pt,/pt.balance1");
  EXPECT_TRUE(source_of("d/f001") == "/pt" || source_of("d/f001") == "/pt.balance1") << source_of("d/f001");
  EXPECT_EQ(source_of("d/f002"), "") << "never read";
  EXPECT_TRUE(attribute(pt("d/f001"), "user.balancefs.identity").value_or("none").starts_with("size=1000"));
}

TEST_F(Attributes, OfFoldersTheyTellWhoHoldsThemAndNothingOfBytes) {
  ASSERT_EQ(read_file(pt("d/f000")).error, 0);  // the turn of the first
  for (const auto& folder : {pt(), pt("d")}) {
    EXPECT_EQ(attribute(folder, "user.balancefs.members").value_or("none"), "/pt,/pt.balance1");
    EXPECT_EQ(attribute(folder, "user.balancefs.member").value_or("none"), "none");
    EXPECT_EQ(attribute(folder, "user.balancefs.identity").value_or("none"), "none");
  }
  EXPECT_FALSE(attribute(app_->mountpoint(), "user.balancefs.members").has_value());
  EXPECT_EQ(errno, ENODATA) << "a virtual folder";
  ASSERT_EQ(read_file(pt("d/f001")).error, 0);
  EXPECT_NE(source_of("d/f000"), source_of("d/f001")) << "no turn was taken in between";
}

TEST_F(Attributes, TheyAreReadByNameAndNotListed) {
  read_file(pt("d/f001"));
  const ProgramResult named = run({"getfattr", "--only-values", "-n", "user.balancefs.member", pt("d/f001")});
  EXPECT_EQ(named.out, source_of("d/f001")) << named.text();
  const ProgramResult dumped = run({"getfattr", "-d", "-m", "-", pt("d/f001")});
  EXPECT_EQ(dumped.status, 0) << dumped.text();
  EXPECT_EQ(dumped.out, "");
  EXPECT_EQ(llistxattr(pt("d/f001").c_str(), nullptr, 0), 0);
}

TEST_F(Attributes, OthersAreRefusedInAWayThatTheKernelRemembers) {
  char value[100];
  for (const char* name : {"security.capability", "security.selinux", "system.posix_acl_access"}) {
    EXPECT_EQ(lgetxattr(pt("d/f001").c_str(), name, value, sizeof value), -1);
    EXPECT_EQ(errno, EOPNOTSUPP) << name;
  }
  EXPECT_EQ(lgetxattr(pt("d/f001").c_str(), "user.other", value, sizeof value), -1);
  EXPECT_EQ(errno, ENODATA);
}

TEST_F(Attributes, CopiesWithAttributesTakeNoneAlong) {
  read_file(pt("d/f001"));
  const auto copy = scratch_.path() / "copy";
  const ProgramResult copied = run({"rsync", "-aX", pt("d").string() + "/", copy});
  EXPECT_EQ(copied.status, 0) << copied.text();
  EXPECT_EQ(llistxattr((copy / "f001").c_str(), nullptr, 0), 0);
}

TEST_F(Attributes, InodeNumbersAgreeInListingAndStatAndSurviveARestart) {
  const std::string script = "ls -i -1 . && stat -c '%i %n' *";
  const ProgramResult before = run_script(script, pt("d"));
  ASSERT_EQ(before.status, 0) << before.text();
  for (int i = 0; i < 5; ++i) {
    struct stat status{};
    ASSERT_EQ(lstat(pt("d/" + numbered(i)).c_str(), &status), 0);
    const std::string line = fmt::format("{} {}\n", status.st_ino, numbered(i));
    const std::size_t first = before.out.find(line);
    ASSERT_NE(first, std::string::npos) << before.out;
    EXPECT_NE(before.out.find(line, first + 1), std::string::npos) << before.out;
  }
  app_->stop();
  app_->start();
  EXPECT_EQ(run_script(script, pt("d")).out, before.out);
}

TEST_F(Attributes, ModificationTimesAreTheServers) {
  ASSERT_EQ(run({"touch", "-d", "2011-02-03 04:05:06 UTC", native() / "d/f003"}).status, 0);
  EXPECT_EQ(run({"stat", "-c", "%Y", pt("d/f003")}).out, run({"stat", "-c", "%Y", native() / "d/f003"}).out);
}

TEST_F(Attributes, TheFileSystemCanBeAskedForItsSpaceWithAllMembersDown) {
  for (const auto& server : members_) server->freeze();
  struct statvfs status{};
  EXPECT_EQ(statvfs(pt().c_str(), &status), 0);
  EXPECT_EQ(status.f_namemax, 255U);
  EXPECT_TRUE((status.f_flag & ST_RDONLY) != 0);
  const ProgramResult df = run({"df", app_->mountpoint()}, std::chrono::seconds(10));
  EXPECT_EQ(df.status, 0) << df.text();
  for (const auto& server : members_) server->thaw();
}

TEST_F(Attributes, RawMemberNamesAreNeitherListedNorReachable) {
  EXPECT_EQ(run({"ls", "-A", app_->mountpoint()}).out, "pt\n");
  EXPECT_EQ(open_error(app_->path("pt.balance1")), ENOENT);
  EXPECT_EQ(open_error(app_->path("pt.balance1/d/f001")), ENOENT);
}

class MountPaths : public BalancedMount {};

TEST_F(MountPaths, StoragesAtAnyDepthAppearWithTheDirectoriesAboveThem) {
  start_separate_members(3);
  write_file(member(0).root() / "a", "a");
  write_file(member(0).root() / "x.balance1" / "real", "shown as it is");
  write_file(member(1).root() / "film", "film");
  write_file(member(2).root() / "b", "inner");
  MountConfig config;
  config.storages.push_back(storage_of(member(0), "/pt"));
  config.storages.push_back(storage_of(member(1), "/media/films.balance1"));
  config.storages.push_back(storage_of(member(2), "/pt/inner"));
  app_ = std::make_unique<MountedApp>(config);
  const ProgramResult found = run_script("find . | LC_ALL=C sort", app_->mountpoint());
  EXPECT_EQ(found.out,
            ".\n./media\n./media/films\n./media/films/film\n./pt\n./pt/a\n./pt/inner\n./pt/inner/b\n"
            "./pt/x.balance1\n./pt/x.balance1/real\n");
  EXPECT_EQ(read_file(pt("inner/b")).text, "inner");
  EXPECT_EQ(read_file(pt("x.balance1/real")).text, "shown as it is");
}

}  // namespace
}  // namespace balancefs::test
