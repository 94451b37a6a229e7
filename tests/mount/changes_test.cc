// Files that change behind the mount: a handle belongs to one version, and versions are never mixed.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <thread>

#include "mount/balanced_mount.h"
#include "support/ramp_bytes.h"

namespace balancefs::test {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kSize = 6U << 20U;
constexpr const char* kShortTtl = "[metadata]\nttl = \"1s\"\n";

class Changes : public BalancedMount {
 protected:
  /// Replaces the file on one member, or on all, as a sync program does: by renaming. Its time is `minutes`
  /// after the first version's, for servers tell times in seconds.
  void replace(const std::string& name, const std::string& content, int minutes, int only_member = -1) {
    for (int i = 0; i < static_cast<int>(members_.size()); ++i) {
      if (only_member >= 0 && i != only_member) continue;
      const auto target = member(i).root() / name, fresh = member(i).root() / (name + ".new");
      write_file(fresh, content);
      run({"touch", "-d", fmt::format("2020-01-01 10:{:02}:00 UTC", minutes), fresh});
      std::filesystem::rename(fresh, target);
    }
  }
  void start_with(int count, const std::string& content) {
    start_separate_members(count);
    replace("file", content, 0);
    mount(kShortTtl);
  }
  /// errno of reading a byte there, 0 when it works.
  static int error_at(int fd, off_t offset) {
    char byte = 0;
    return pread(fd, &byte, 1, offset) < 0 ? errno : 0;
  }
};

TEST_F(Changes, ANewOpenSeesTheNewFileAndTheOldHandleItsEnd) {
  start_with(2, ramp_bytes(0, kSize, 1));
  const int old_handle = open(pt("file").c_str(), O_RDONLY);
  ASSERT_EQ(error_at(old_handle, 0), 0);
  replace("file", ramp_bytes(0, kSize - 1000, 2), 5);
  std::this_thread::sleep_for(1500ms);
  EXPECT_EQ(error_at(old_handle, kSize - 1), ESTALE);
  const FileContent fresh = read_file(pt("file"));
  EXPECT_EQ(fresh.error, 0);
  EXPECT_TRUE(fresh.text == ramp_bytes(0, kSize - 1000, 2)) << fresh.text.size();
  EXPECT_EQ(error_at(old_handle, kSize - 1), ESTALE);
  close(old_handle);
}

TEST_F(Changes, AFileOfTheSameSizeIsNeverMixed) {
  start_with(2, ramp_bytes(0, kSize, 1));
  ASSERT_TRUE(read_file(pt("file")).text == ramp_bytes(0, kSize, 1));
  replace("file", ramp_bytes(0, kSize, 2), 5);
  for (int i = 0; i < 10; ++i) {
    const FileContent content = read_file(pt("file"));
    if (content.error == 0) {
      EXPECT_TRUE(content.text == ramp_bytes(0, kSize, 1) || content.text == ramp_bytes(0, kSize, 2));
    } else {
      EXPECT_EQ(content.error, ESTALE);
    }
    std::this_thread::sleep_for(200ms);
  }
  EXPECT_TRUE(eventually([&] { return read_file(pt("file")).text == ramp_bytes(0, kSize, 2); }));
}

TEST_F(Changes, OldAndNewHandleNeverShareBytes) {
  start_with(1, ramp_bytes(0, kSize, 1));
  const int old_handle = open(pt("file").c_str(), O_RDONLY);
  std::string bytes(1000, '\0');
  ASSERT_EQ(pread(old_handle, bytes.data(), bytes.size(), 0), 1000);
  replace("file", ramp_bytes(0, kSize, 2), 5);
  std::this_thread::sleep_for(1500ms);
  ASSERT_TRUE(eventually([&] { return read_file(pt("file")).text == ramp_bytes(0, kSize, 2); }));
  for (off_t offset = 0; offset < static_cast<off_t>(kSize); offset += 300000) {
    const ssize_t count = pread(old_handle, bytes.data(), bytes.size(), offset);
    if (count < 0) {
      EXPECT_EQ(errno, ESTALE) << offset;
    } else {
      EXPECT_EQ(bytes, ramp_bytes(static_cast<std::uint64_t>(offset), 1000, 1)) << offset;
    }
  }
  close(old_handle);
}

TEST_F(Changes, AHandleThatHasReadNothingFollowsTheFile) {
  start_with(1, ramp_bytes(0, kSize, 1));
  const int handle = open(pt("file").c_str(), O_RDONLY);
  replace("file", ramp_bytes(0, kSize, 2), 5);
  std::string bytes(1000, '\0');
  EXPECT_EQ(pread(handle, bytes.data(), bytes.size(), 3000000), 1000);
  EXPECT_EQ(bytes, ramp_bytes(3000000, 1000, 2));
  close(handle);
}

TEST_F(Changes, AFileThatGrowsShowsItsNewSizeAndEnd) {
  start_with(2, ramp_bytes(0, 1000, 1));
  ASSERT_EQ(read_file(pt("file")).text.size(), 1000U);
  replace("file", ramp_bytes(0, 5000, 1), 5);
  EXPECT_TRUE(eventually([&] { return std::filesystem::file_size(pt("file")) == 5000; }));
  EXPECT_TRUE(eventually([&] { return read_file(pt("file")).text == ramp_bytes(0, 5000, 1); }));
}

TEST_F(Changes, AFileRemovedUnderAHandleIsStaleAndThenAbsent) {
  start_with(2, ramp_bytes(0, kSize, 1));
  replace("other", "stays", 0);
  const int handle = open(pt("file").c_str(), O_RDONLY);
  ASSERT_EQ(error_at(handle, 0), 0);
  for (const auto& server : members_) std::filesystem::remove(server->root() / "file");
  EXPECT_EQ(error_at(handle, kSize - 1), ESTALE);
  close(handle);
  EXPECT_TRUE(eventually([&] { return open_error(pt("file")) == ENOENT; }));
}

TEST_F(Changes, AChangeOnOneMemberOnlyMakesThatMemberDivergent) {
  start_separate_members(3);
  for (int i = 0; i < 12; ++i) replace(numbered(i), ramp_bytes(0, 200000, 1), 0);
  mount(kShortTtl);
  ASSERT_EQ(run({"ls", "-l", pt()}).status, 0);
  for (int i = 0; i < 12; ++i) replace(numbered(i), ramp_bytes(0, 200000, 2), 5, 1);
  std::this_thread::sleep_for(1500ms);
  ASSERT_EQ(run({"ls", "-l", pt()}).status, 0);
  std::this_thread::sleep_for(1500ms);  // the revalidation that the first one began
  for (int i = 0; i < 12; ++i) {
    EXPECT_TRUE(read_file(pt(numbered(i))).text == ramp_bytes(0, 200000, 1)) << numbered(i);
    EXPECT_NE(source_of(numbered(i)), "/pt.balance1");
  }
}

TEST_F(Changes, AMemberWithOtherBytesOfTheSameSizeIsFoundOutBeforeItsBytesAreDelivered) {
  start_separate_members(2);
  replace("file", ramp_bytes(0, kSize, 1), 0);
  replace("file", ramp_bytes(0, kSize, 9), 0, 1);
  MountConfig config = balanced(members_);
  config.sections = "[metadata]\npatience = \"1s\"\n[read]\nread_timeout = \"5s\"\n";
  app_ = std::make_unique<MountedApp>(config);
  const int fd = open(pt("file").c_str(), O_RDONLY);
  ASSERT_EQ(error_at(fd, 0), 0);
  const int source = source_of("file") == "/pt" ? 0 : 1;
  member(source).stop();
  std::string bytes(1000, '\0');
  EXPECT_EQ(pread(fd, bytes.data(), bytes.size(), kSize - 1000), -1) << "bytes of another file";
  close(fd);
}

TEST_F(Changes, ANameThatBecomesADirectoryIsOne) {
  start_with(1, "a file");
  replace("other", "stays", 0);
  ASSERT_EQ(read_file(pt("file")).text, "a file");
  std::filesystem::remove(member(0).root() / "file");
  write_file(member(0).root() / "file" / "inside", "now a directory");
  EXPECT_TRUE(eventually([&] { return read_file(pt("file/inside")).text == "now a directory"; }));
}

}  // namespace
}  // namespace balancefs::test
