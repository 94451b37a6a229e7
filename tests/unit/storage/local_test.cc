#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <unistd.h>

#include "storage/local/local_files.h"
#include "support/servers.h"

namespace balancefs::test {
namespace {

namespace fs = std::filesystem;

class LocalFiles : public testing::Test {
 protected:
  LocalFiles() : root_(scratch_.path() / "root") {
    write_file(root_ / "dir/file", "inside");
    write_file(scratch_.path() / "secret", "outside");
  }
  std::vector<std::string> names(const std::string& path = "") {
    std::vector<std::string> out;
    const auto listed = list_directory(root_, *Path::parse(path), true);
    if (!listed) return {"error: " + listed.error().text};
    for (const auto& [name, info] : *listed) out.push_back(name);
    std::sort(out.begin(), out.end());
    return out;
  }
  Result<ObjectInfo> stat(const std::string& path) { return stat_object(root_, *Path::parse(path), true); }

  ScratchDirectory scratch_;
  fs::path root_;
};

using Names = std::vector<std::string>;

TEST_F(LocalFiles, SymlinksThatStayInsideAreFollowed) {
  fs::create_symlink("dir/file", root_ / "link");
  fs::create_directory_symlink("dir", root_ / "dirlink");
  EXPECT_EQ(names(), (Names{"dir", "dirlink", "link"}));
  EXPECT_EQ(stat("link")->size, 6u);
  EXPECT_EQ(stat("dirlink/file")->size, 6u);
  EXPECT_TRUE(open_file(root_, *Path::parse("dirlink/file")));
}

TEST_F(LocalFiles, FolderWhoseEntriesCannotBeLookedAtIsAnErrorAndNotEmpty) {
  fs::permissions(scratch_.path(), fs::perms(0755));
  fs::permissions(root_ / "dir", fs::perms(0444));
  if (geteuid() == 0) setfsuid(65534);  // root may look at everything
  const auto listed = list_directory(root_, *Path::parse("dir"), true);
  setfsuid(geteuid());
  fs::permissions(root_ / "dir", fs::perms(0755));
  ASSERT_FALSE(listed);
  EXPECT_EQ(listed.error().kind, ErrorKind::denied);
}

TEST_F(LocalFiles, SymlinksThatLeadOutAreHiddenAndRefused) {
  fs::create_symlink("../secret", root_ / "up");
  fs::create_symlink(scratch_.path() / "secret", root_ / "absolute");
  fs::create_directory_symlink("..", root_ / "parent");
  fs::create_symlink("/proc/self/root", root_ / "magic");
  fs::create_symlink("nowhere", root_ / "dangling");
  fs::create_symlink("loop", root_ / "loop");
  EXPECT_EQ(names(), (Names{"dir"}));
  for (const char* path : {"up", "absolute", "parent", "parent/secret", "magic", "magic/etc", "loop"}) {
    const auto got = stat(path);
    ASSERT_FALSE(got) << path;
    EXPECT_EQ(got.error().kind, ErrorKind::denied) << path;
    EXPECT_FALSE(open_file(root_, *Path::parse(path))) << path;
  }
  EXPECT_EQ(stat("dangling").error().kind, ErrorKind::not_found);
}

TEST_F(LocalFiles, SpecialFilesDoNotExist) {
  ASSERT_EQ(mkfifo((root_ / "pipe").c_str(), 0644), 0);
  EXPECT_EQ(names(), (Names{"dir"}));
  EXPECT_EQ(stat("pipe").error().kind, ErrorKind::not_found);
  EXPECT_EQ(open_file(root_, *Path::parse("pipe")).error().kind, ErrorKind::not_found);
}

TEST_F(LocalFiles, AMissingRootIsUnavailable) {
  fs::rename(root_, scratch_.path() / "away");
  EXPECT_EQ(stat("").error().kind, ErrorKind::unavailable);
  EXPECT_EQ(stat("dir/file").error().kind, ErrorKind::unavailable);
  EXPECT_EQ(list_directory(root_, Path(), true).error().kind, ErrorKind::unavailable);
}

TEST_F(LocalFiles, AListingAndTheDataTellTheSameState) {
  const auto file = open_file(root_, *Path::parse("dir/file"));
  ASSERT_TRUE(file);
  const auto piece = read_piece(*file, *Path::parse("dir/file"), 2, 100, true);
  ASSERT_TRUE(piece);
  EXPECT_EQ(piece->bytes.size(), 4u);
  EXPECT_EQ(piece->size, 6u);
  EXPECT_EQ(piece->validator, stat("dir/file")->validator);
}

}  // namespace
}  // namespace balancefs::test
