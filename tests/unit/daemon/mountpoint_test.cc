#include "daemon/mountpoint.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "daemon/mount_mark.h"
#include "support/temp_folder.h"

namespace balancefs::test {
namespace {

namespace fs = std::filesystem;

std::string error_of(const auto& result) {
  return result ? "accepted" : result.error().text;
}

bool mentions(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

MountEntry entry_at(const std::string& point, std::string_view type) {
  MountEntry entry;
  entry.point = point;
  entry.type = type;
  entry.source = "source";
  return entry;
}

TEST(MountTable, IsParsedWithEscapesAndOptionalFields) {
  const auto table = parse_mount_table(
      "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
      "90 22 0:57 / /mnt/my\\040cloud\\134x rw,nosuid shared:2 master:3 - fuse.balancefs balancefs "
      "rw,user_id=1000\n"
      "damaged line\n"
      "91 22 0:58 / /mnt/my\\040cloud\\134x rw - tmpfs none rw\n");
  ASSERT_EQ(table.size(), 3u);
  EXPECT_EQ(table[0].point, "/");
  EXPECT_EQ(table[0].source, "/dev/sda1");
  EXPECT_EQ(table[1].point, "/mnt/my cloud\\x");
  EXPECT_EQ(table[1].type, kMountType);
  EXPECT_EQ(table[1].device, "0:57");
  EXPECT_EQ(find_mount(table, "/mnt/my cloud\\x")->type, "tmpfs") << "the last one is on top";
  EXPECT_EQ(find_mount(table, "/mnt"), nullptr);
  EXPECT_EQ(table[1].root, "/");
  EXPECT_EQ(table[1].owner, 1000u);
  EXPECT_EQ(table[0].owner, 0u);
}

TEST(MountTable, KnowsInWhichMountAPathLies) {
  const auto table = parse_mount_table(
      "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
      "90 22 0:57 / /mnt/cloud rw - fuse.balancefs balancefs rw\n"
      "91 22 0:58 / /mnt/cloud/pt rw - tmpfs none rw\n"
      "92 22 0:59 / /srv/deep/er rw - tmpfs hidden rw\n"
      "93 22 0:60 / /srv rw - tmpfs over rw\n");
  EXPECT_EQ(find_mount_of(table, "/mnt/cloud")->device, "0:57");
  EXPECT_EQ(find_mount_of(table, "/mnt/cloud/a/b")->device, "0:57");
  EXPECT_EQ(find_mount_of(table, "/mnt/cloud/pt/x")->device, "0:58");
  EXPECT_EQ(find_mount_of(table, "/mnt/cloudy")->device, "8:1");
  EXPECT_EQ(find_mount_of(table, "/srv/deep/er/x")->source, "over") << "mounted over it since";
  EXPECT_EQ(find_mount_of(std::vector<MountEntry>(), "/"), nullptr);
}

TEST(MountTable, OfThisMachineHasWhatEveryMachineMounts) {
  EXPECT_NE(find_mount(read_mount_table(), "/proc"), nullptr);  // "/" need not be a mount: a chroot's is none
}

TEST(Mountpoint, IsResolvedThroughLinksAndDots) {
  const TempFolder folder;
  fs::create_directory(folder.path("real"));
  fs::create_directory_symlink(folder.path("real"), folder.path("link"));
  EXPECT_EQ(*resolve_mountpoint(folder.path("link")), folder.path("real"));
  EXPECT_EQ(*resolve_mountpoint(folder.path("./real/../real/")), folder.path("real"));
}

TEST(Mountpoint, ThatIsMissingSaysHowToMakeIt) {
  const TempFolder folder;
  const std::string error = error_of(resolve_mountpoint(folder.path("none")));
  EXPECT_TRUE(mentions(error, "does not exist; make it with 'mkdir -p " + folder.path("none"))) << error;
  EXPECT_EQ(error_of(resolve_mountpoint("")), "the mountpoint is empty");
}

TEST(Mountpoint, MustBeAnEmptyFolder) {
  const TempFolder folder;
  fs::create_directory(folder.path("empty"));
  EXPECT_TRUE(check_mountpoint(folder.path("empty"), {}).has_value());
  folder.write("file", "x");
  EXPECT_TRUE(mentions(error_of(check_mountpoint(folder.path("file"), {})), "is not a folder"));
  EXPECT_TRUE(mentions(error_of(check_mountpoint(folder.path(), {})), "is not empty"));
}

TEST(Mountpoint, MustBeWritableForWhoMounts) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may write everywhere";
  const TempFolder folder;
  fs::create_directory(folder.path("locked"));
  fs::permissions(folder.path("locked"), fs::perms::owner_read | fs::perms::owner_exec);
  EXPECT_TRUE(mentions(error_of(check_mountpoint(folder.path("locked"), {})), "not writable"));
}

TEST(Mountpoint, ThatIsTakenNamesWhoHasIt) {
  const TempFolder folder;
  const std::string ours = error_of(check_mountpoint(folder.path(), {entry_at(folder.path(), kMountType)}));
  EXPECT_TRUE(mentions(ours, "mounted here already; run 'balancefs unmount")) << ours;
  const std::string other = error_of(check_mountpoint(folder.path(), {entry_at(folder.path(), "ext4")}));
  EXPECT_TRUE(mentions(other, "mount point already (source of type ext4)")) << other;
}

TEST(Mountpoint, OfALivingMountIsNotStale) {
  const TempFolder folder;
  EXPECT_FALSE(is_stale_mount(folder.path(), {}));
  EXPECT_FALSE(is_stale_mount(folder.path(), {entry_at(folder.path(), kMountType)}));
  EXPECT_FALSE(is_stale_mount(folder.path(), {entry_at(folder.path(), "fuse.sshfs")}));
}

TEST(Mountpoint, MustNotOverlapWithWhatTheDaemonUses) {
  const TempFolder folder;
  fs::create_directories(folder.path("data/inner"));
  fs::create_directory(folder.path("data2"));
  fs::create_directory_symlink(folder.path("data"), folder.path("link"));
  Options options;
  StorageOptions storage;
  storage.path = "/pt";
  storage.type = "local";
  storage.root = folder.path("link");
  options.storages.push_back(storage);
  EXPECT_TRUE(check_overlaps(folder.path("data2"), options, "").has_value())
      << "a common prefix is no overlap";
  EXPECT_TRUE(
      mentions(error_of(check_overlaps(folder.path("data"), options, "")), "lies inside storage /pt"));
  EXPECT_TRUE(
      mentions(error_of(check_overlaps(folder.path("data/inner"), options, "")), "lies inside storage /pt"));
  EXPECT_TRUE(mentions(error_of(check_overlaps(folder.path(), options, "")), "lies inside it"));
  EXPECT_TRUE(
      mentions(error_of(check_overlaps(folder.path("data2"), Options(), folder.path())), "inside the cache"));
  Options logging;
  logging.log.target = folder.path("data2/mount.log");
  EXPECT_TRUE(mentions(error_of(check_overlaps(folder.path("data2"), logging, "")), "log elsewhere"));
}

TEST(MountMark, TellsWhenItsOwnerHasEnded) {
  const std::string device = "test:" + std::to_string(::getpid());
  EXPECT_FALSE(MountMark::find(device).has_value());
  std::optional<MountMark> mark = MountMark::set(device);
  ASSERT_TRUE(mark.has_value());
  EXPECT_FALSE(MountMark::set(device).has_value()) << "one owner at a time";
  const std::optional<MountMark> first = MountMark::find(device);
  const std::optional<MountMark> second = MountMark::find(device);
  ASSERT_TRUE(first.has_value() && second.has_value());
  EXPECT_FALSE(first->wait_for_end(std::chrono::milliseconds(0)));
  mark.reset();
  EXPECT_TRUE(first->wait_for_end(std::chrono::seconds(10)));
  EXPECT_TRUE(second->wait_for_end(std::chrono::seconds(10)));
}

}  // namespace
}  // namespace balancefs::test
