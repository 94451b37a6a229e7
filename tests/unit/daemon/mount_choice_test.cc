#include "daemon/mount_choice.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "support/temp_folder.h"

namespace balancefs::test {
namespace {

namespace fs = std::filesystem;

/// A folder that stands for a mount: what is in it must not be looked at.
class MountChoice : public testing::Test {
 protected:
  MountChoice() {
    fs::create_directories(folder_.path("cloud/pt"));
    fs::create_directory_symlink(folder_.path(), folder_.path("cloud/pt/link"));
    fs::create_directory_symlink("cloud/pt", folder_.path("shortcut"));
    fs::create_directory_symlink("loop", folder_.path("loop"));
    add("0:57", "/", folder_.path("cloud"), "fuse.balancefs");
  }
  void add(const std::string& device, const std::string& root, const std::string& point,
           const std::string& type) {
    text_ += fmt::format("1 1 {} {} {} rw - {} source rw,user_id=7\n", device, root, point, type);
  }
  std::vector<MountEntry> table() const { return parse_mount_table(text_); }
  /// "device:path in the mount", or the error.
  std::string place_of(const std::string& path) const {
    const auto place = find_place(path, table());
    return place ? place->mount.device + " " + place->inside : place.error().text;
  }
  std::string mount_of(const std::optional<std::string>& point) const {
    const auto mount = choose_mount(point, table());
    return mount ? mount->device : mount.error().text;
  }

  TempFolder folder_;
  std::string text_ = "1 1 8:1 / / rw - ext4 /dev/sda1 rw\n";
};

TEST_F(MountChoice, APathIsFoundByTheMountThatItLiesIn) {
  EXPECT_EQ(place_of(folder_.path("cloud")), "0:57 ");
  EXPECT_EQ(place_of(folder_.path("cloud/")), "0:57 ");
  EXPECT_EQ(place_of(folder_.path("cloud/pt/a b/c")), "0:57 pt/a b/c") << "it need not exist";
  EXPECT_EQ(place_of(folder_.path("cloud/./pt//x/../y")), "0:57 pt/y");
  EXPECT_EQ(place_of(folder_.path("cloud/../cloud/z")), "0:57 z");
  EXPECT_EQ(place_of(folder_.path("shortcut/a")), "0:57 pt/a");
}

TEST_F(MountChoice, NothingInTheMountIsLookedAt) {
  EXPECT_EQ(place_of(folder_.path("cloud/pt/link/x")), "0:57 pt/link/x");
}

TEST_F(MountChoice, ARelativePathBeginsWhereTheUserIs) {
  const fs::path before = fs::current_path();
  fs::current_path(folder_.path("cloud"));
  EXPECT_EQ(place_of("pt/a"), "0:57 pt/a");
  EXPECT_EQ(place_of("."), "0:57 ");
  fs::current_path(before);
}

TEST_F(MountChoice, APathElsewhereIsToldWhatIsMounted) {
  EXPECT_EQ(place_of(folder_.path("other")), fmt::format("{}: lies in no mount of balancefs (mounted: {})",
                                                         folder_.path("other"), folder_.path("cloud")));
  EXPECT_NE(place_of(folder_.path("loop/x")).find("symbolic links"), std::string::npos);
  add("0:59", "/", folder_.path("cloud/pt"), "tmpfs");
  EXPECT_NE(place_of(folder_.path("cloud/pt/x")).find("lies in no mount"), std::string::npos);
  text_.clear();
  EXPECT_NE(place_of("/tmp").find("none is mounted"), std::string::npos);
}

TEST_F(MountChoice, ABindMountShowsAFolderOfTheMount) {
  fs::create_directory(folder_.path("films"));
  add("0:57", "/pt/films", folder_.path("films"), "fuse.balancefs");
  EXPECT_EQ(place_of(folder_.path("films/x")), "0:57 pt/films/x");
  EXPECT_EQ(mount_of(std::nullopt), "0:57") << "it is the same mount";
}

TEST_F(MountChoice, TheOnlyMountNeedsNoName) {
  EXPECT_EQ(mount_of(std::nullopt), "0:57");
  EXPECT_EQ(mount_of(folder_.path("cloud/")), "0:57");
  EXPECT_EQ(mount_of("/tmp"), "no balancefs is mounted at /tmp");
  fs::create_directory(folder_.path("second"));
  add("0:58", "/", folder_.path("second"), "fuse.balancefs");
  EXPECT_EQ(mount_of(std::nullopt),
            fmt::format("several are mounted ({}, {}): choose one with --mount MOUNTPOINT",
                        folder_.path("cloud"), folder_.path("second")));
  EXPECT_EQ(mount_of(folder_.path("second")), "0:58");
  text_.clear();
  EXPECT_EQ(mount_of(std::nullopt), "no balancefs is mounted");
}

}  // namespace
}  // namespace balancefs::test
