#include "io/disk_folder.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "support/temp_folder.h"

namespace balancefs::test {
namespace {

namespace fs = std::filesystem;
using State = OpenedFolder::State;

class DiskFolderTest : public testing::Test {
 protected:
  std::string place() const { return scratch.path("cache/mnt"); }
  void write(const std::string& name, const std::string& text) const {
    scratch.write("cache/mnt/" + name, text);
  }
  bool exists(const std::string& name) const { return fs::exists(place() + "/" + name); }
  void pair(const DiskName& name, int seconds) const {
    for (const std::string& file : {name.data_file(), name.index_file()}) {
      write(file, "x");
      fs::last_write_time(place() + "/" + file, fs::file_time_type() + std::chrono::seconds(seconds));
    }
  }

  TempFolder scratch;
};

TEST_F(DiskFolderTest, IsMadeAndMarkedForBackupPrograms) {
  const OpenedFolder opened = open_disk_folder(place());
  ASSERT_EQ(opened.state, State::open) << opened.why;
  EXPECT_TRUE(opened.entries.empty());
  EXPECT_GT(opened.room.total, 0u);
  std::ifstream tag(place() + "/CACHEDIR.TAG");
  std::string line;
  std::getline(tag, line);
  EXPECT_EQ(line, "Signature: 8a477f597d28d172789f06886806bc55");
  EXPECT_EQ(fs::status(place()).permissions(), fs::perms::owner_all);
}

TEST_F(DiskFolderTest, BelongsToOneAtATime) {
  const OpenedFolder first = open_disk_folder(place());
  ASSERT_EQ(first.state, State::open) << first.why;
  const pid_t child = fork();
  if (child == 0) ::_exit(open_disk_folder(place()).state == State::in_use ? 0 : 1);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST_F(DiskFolderTest, IsFreeAgainWhenItsOwnerIsKilled) {
  const pid_t child = fork();
  if (child == 0) {
    const OpenedFolder held = open_disk_folder(place());
    ::kill(::getpid(), SIGKILL);
  }
  ASSERT_EQ(waitpid(child, nullptr, 0), child);
  EXPECT_EQ(open_disk_folder(place()).state, State::open);
}

TEST_F(DiskFolderTest, WithForeignFilesIsLeftAlone) {
  fs::create_directories(place());
  write("thesis.tex", "years of work");
  const OpenedFolder opened = open_disk_folder(place());
  EXPECT_EQ(opened.state, State::unusable);
  EXPECT_NE(opened.why.find("not ours"), std::string::npos) << opened.why;
  EXPECT_TRUE(exists("thesis.tex"));
  EXPECT_FALSE(exists("CACHEDIR.TAG"));
}

TEST_F(DiskFolderTest, OfAnotherProgramIsLeftAlone) {
  fs::create_directories(place());
  write("CACHEDIR.TAG", "Signature: 8a477f597d28d172789f06886806bc55\n# another program\n");
  const DiskName name(1, 2);
  pair(name, 0);
  EXPECT_EQ(open_disk_folder(place()).state, State::unusable);
  EXPECT_TRUE(exists(name.data_file()));
}

TEST_F(DiskFolderTest, ThatWasNeverFinishedIsTaken) {
  fs::create_directories(place());
  write("CACHEDIR.TAG", "Signature: 8a47");
  EXPECT_EQ(open_disk_folder(place()).state, State::open);
  EXPECT_EQ(open_disk_folder(place()).state, State::open) << "and is ours from then on";
}

TEST_F(DiskFolderTest, ListsEntriesTheLeastRecentlyUsedFirstAndDropsHalves) {
  ASSERT_EQ(open_disk_folder(place()).state, State::open);
  pair(DiskName(1, 1), 300);
  pair(DiskName(2, 2), 100);
  pair(DiskName(3, 3), 200);
  write(DiskName(4, 4).data_file(), "no index");
  write(DiskName(5, 5).index_file(), "no data");
  write("notes.txt", "somebody's");
  fs::create_directory(place() + "/" + DiskName(6, 6).data_file());
  const OpenedFolder opened = open_disk_folder(place());
  ASSERT_EQ(opened.state, State::open) << opened.why;
  ASSERT_EQ(opened.entries.size(), 3u);
  EXPECT_EQ(opened.entries[0].name, DiskName(2, 2));
  EXPECT_EQ(opened.entries[1].name, DiskName(3, 3));
  EXPECT_EQ(opened.entries[2].name, DiskName(1, 1));
  EXPECT_FALSE(exists(DiskName(4, 4).data_file()));
  EXPECT_FALSE(exists(DiskName(5, 5).index_file()));
  EXPECT_TRUE(exists("notes.txt"));
  EXPECT_TRUE(exists(DiskName(6, 6).data_file())) << "not a file of ours";
}

TEST_F(DiskFolderTest, ThatIsAFileOrCannotBeMadeIsUnusable) {
  scratch.write("file", "");
  EXPECT_EQ(open_disk_folder(scratch.path("file")).state, State::unusable);
  EXPECT_EQ(open_disk_folder(scratch.path("file/below")).state, State::unusable);
  EXPECT_EQ(open_disk_folder("/proc/none").state, State::unusable);
}

TEST_F(DiskFolderTest, OfAnotherUserIsLeftAlone) {
  ASSERT_EQ(open_disk_folder(place()).state, State::open);
  if (::chown(place().c_str(), ::geteuid() + 1, static_cast<gid_t>(-1)) != 0) GTEST_SKIP() << "needs root";
  const OpenedFolder opened = open_disk_folder(place());
  EXPECT_EQ(opened.state, State::unusable);
  EXPECT_NE(opened.why.find("another user"), std::string::npos) << opened.why;
}

TEST(CacheFolderOf, IsReadableAndAnotherForEveryMountpoint) {
  const std::string one = cache_folder_of("/c", "/mnt/cloud");
  EXPECT_TRUE(one.starts_with("/c/mnt-cloud-")) << one;
  EXPECT_NE(one, cache_folder_of("/c", "/mnt-cloud"));
  EXPECT_NE(one, cache_folder_of("/c", "/mnt/cloud/"));
  const std::string odd = cache_folder_of("/c", "/\xc3\xa4 b/" + std::string(300, 'x'));
  EXPECT_LT(odd.size(), 100u);
  EXPECT_EQ(odd.find('/', 3), std::string::npos);
}

}  // namespace
}  // namespace balancefs::test
