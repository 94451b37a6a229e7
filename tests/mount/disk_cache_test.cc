// The disk cache under a real mount: restarts, kills, full and read-only disks, damage, changed files,
// outages. What a storage was asked for is counted at an origin of our own.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "support/mounted_app.h"
#include "support/origin.h"
#include "support/ramp_bytes.h"

namespace balancefs::test {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMiB = 1024 * 1024;

/// A small disk of its own, gone with the test.
class SmallDisk {
 public:
  SmallDisk(fs::path place, unsigned long flags, const char* options) : place_(std::move(place)) {
    fs::create_directories(place_);
    mounted_ = ::mount("tmpfs", place_.c_str(), "tmpfs", flags, options) == 0;
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  ~SmallDisk() {
    if (mounted_) ::umount2(place_.c_str(), MNT_DETACH);
  }
  bool mounted() const { return mounted_; }

 private:
  fs::path place_;
  bool mounted_ = false;
};

class DiskCacheMount : public MountTest {
 protected:
  fs::path dir() const { return scratch_.path() / "cache"; }
  /// The queue to the disk has an eighth of the memory. With 256 MiB it has room for the whole of a small
  /// film, so that none of its blocks is left out because a busy disk is slower than loopback.
  void mount(const std::string& more = {}, const std::string& memory = "16MiB") {
    MountConfig config = balanced(urls_.empty() ? std::vector<std::string>{origin_.url()} : urls_);
    config.sections =
        fmt::format("[cache]\nmode = \"disk\"\ndir = '{}'\nmemory = \"{}\"\n{}[metadata]\nttl = \"1s\"\n",
                    dir().string(), memory, more);
    app_ = std::make_unique<MountedApp>(config);
  }
  fs::path pt(const std::string& name) const { return app_->path("pt/" + name); }
  void restart() {
    app_->stop();
    app_->start();
  }
  void crash() {
    app_->crash();
    app_->start();
  }
  std::uint64_t gets() const {
    const OriginCounts counts = origin_.counts();
    const auto found = counts.methods.find("GET");
    return found == counts.methods.end() ? 0 : found->second;
  }
  testing::AssertionResult reads(const std::string& name, std::uint64_t size, std::uint32_t seed) const {
    const FileContent content = read_file(pt(name));
    if (content.error != 0) return testing::AssertionFailure() << strerror(content.error);
    if (content.text.size() != size)
      return testing::AssertionFailure() << content.text.size() << " of " << size << " bytes";
    if (content.text == ramp_bytes(0, size, seed)) return testing::AssertionSuccess();
    return testing::AssertionFailure() << "other bytes";
  }
  std::vector<fs::path> files(const std::string& ending) const {
    std::vector<fs::path> found;
    if (!fs::exists(dir())) return found;
    for (const auto& entry : fs::recursive_directory_iterator(dir())) {
      if (entry.path().extension() == ending) found.push_back(entry.path());
    }
    return found;
  }
  /// A database that is open for writing keeps its file system from being made read-only.
  void keep_no_metadata() const {
    for (const auto& entry : fs::directory_iterator(dir())) {
      if (entry.path().extension() != ".metadata") continue;
      fs::remove_all(entry.path());
      std::ofstream(entry.path()) << "in its place";
    }
  }
  /// Until that many bytes are on disk.
  bool kept(std::uint64_t bytes, std::chrono::seconds limit = std::chrono::seconds(30)) const {
    return eventually([&] { return on_disk() >= bytes; }, limit);
  }
  /// What the disk was too slow for is kept when it comes again.
  testing::AssertionResult reads_until_kept(const std::string& name, std::uint64_t size,
                                            std::uint32_t seed) const {
    testing::AssertionResult read = reads(name, size, seed);
    for (int pass = 0; read && pass < 20 && !kept(size, std::chrono::seconds(1)); ++pass) {
      drop_pages();
      read = reads(name, size, seed);
    }
    if (!read || on_disk() >= size) return read;
    return testing::AssertionFailure() << on_disk() << " of " << size << " bytes on disk";
  }
  std::uint64_t on_disk() const {
    std::uint64_t blocks = 0;
    for (const fs::path& file : files(".data")) {
      struct stat info{};
      if (::stat(file.c_str(), &info) == 0) blocks += static_cast<std::uint64_t>(info.st_blocks) * 512;
    }
    return blocks;
  }
  static void drop_pages() { run({"sh", "-c", "echo 1 > /proc/sys/vm/drop_caches"}); }
  std::size_t lines_with(const std::string& text) const {
    const std::string log = app_->log();
    std::size_t count = 0;
    for (std::size_t at = log.find(text); at != log.npos; at = log.find(text, at + 1)) ++count;
    return count;
  }

  ScratchDirectory scratch_;
  Origin origin_;
  std::vector<std::string> urls_;
  std::unique_ptr<MountedApp> app_;
};

TEST_F(DiskCacheMount, ServesWithoutARequestAfterARestart) {
  origin_.add_file("film", 24 * kMiB, 5);
  origin_.add_file("note", 100, 6);
  mount({}, "256MiB");
  EXPECT_TRUE(reads("film", 24 * kMiB, 5));
  EXPECT_TRUE(reads("note", 100, 6));
  restart();
  const std::uint64_t before = gets();
  EXPECT_TRUE(reads("film", 24 * kMiB, 5));
  EXPECT_TRUE(reads("note", 100, 6));
  EXPECT_EQ(gets(), before);
  EXPECT_EQ(app_->member_of("pt/film"), "") << "nobody served it";
}

TEST_F(DiskCacheMount, ServesWithoutARequestAfterAKill) {
  origin_.add_file("film", 24 * kMiB, 5);
  mount({}, "256MiB");
  EXPECT_TRUE(reads("film", 24 * kMiB, 5));
  ASSERT_TRUE(kept(24 * kMiB));
  crash();
  const std::uint64_t before = gets();
  EXPECT_TRUE(reads("film", 24 * kMiB, 5));
  EXPECT_EQ(gets(), before);
}

TEST_F(DiskCacheMount, AKillWhileItWritesCostsNotAByte) {
  origin_.add_file("film", 64 * kMiB, 7);
  mount();
  for (int round = 0; round < 3; ++round) {
    Program copy({"cp", pt("film"), (scratch_.path() / "copy").string()});
    ASSERT_TRUE(kept(static_cast<std::uint64_t>(8 + 8 * round) * kMiB));
    crash();
    copy.finish(kProgramLimit);
  }
  EXPECT_TRUE(reads("film", 64 * kMiB, 7));
}

TEST_F(DiskCacheMount, AFullDiskIsOneLineAndReadingGoesOn) {
  const SmallDisk disk(dir(), 0, "size=8m");
  ASSERT_TRUE(disk.mounted());
  origin_.add_file("film", 40 * kMiB, 3);
  origin_.add_file("song", 6 * kMiB, 4);
  mount();
  EXPECT_TRUE(reads("film", 40 * kMiB, 3));
  std::ofstream(dir() / "filler") << std::string(8 * kMiB, 'x');  // somebody else fills it up
  EXPECT_TRUE(reads("song", 6 * kMiB, 4));
  EXPECT_TRUE(reads("film", 40 * kMiB, 3));
  EXPECT_LE(lines_with("nothing more is kept on disk"), 1u) << app_->log();
  EXPECT_EQ(lines_with("cannot be used"), 0u);
}

TEST_F(DiskCacheMount, AReadOnlyDiskIsOneLineAndReadingGoesOn) {
  const SmallDisk disk(dir(), MS_RDONLY, "size=8m");
  ASSERT_TRUE(disk.mounted());
  origin_.add_file("film", 12 * kMiB, 3);
  mount();
  EXPECT_TRUE(reads("film", 12 * kMiB, 3));
  EXPECT_EQ(lines_with("kept in memory only"), 1u) << app_->log();
}

TEST_F(DiskCacheMount, ADiskThatBecomesReadOnlyStillServesWhatIsThere) {
  const SmallDisk disk(dir(), 0, "size=64m");
  ASSERT_TRUE(disk.mounted());
  origin_.add_file("film", 24 * kMiB, 3);
  origin_.add_file("more", 24 * kMiB, 8);
  mount();
  app_->stop();
  keep_no_metadata();
  app_->start();
  ASSERT_TRUE(reads_until_kept("film", 24 * kMiB, 3));
  // Under the running mount, whose own tag file is open for writing: the whole file system is frozen by
  // force.
  const int remounted = ::mount(nullptr, dir().c_str(), nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr);
  ASSERT_EQ(remounted, 0) << strerror(errno);
  EXPECT_TRUE(reads("more", 24 * kMiB, 8));
  EXPECT_TRUE(eventually([&] { return lines_with("nothing more is kept on disk") == 1; })) << app_->log();
  drop_pages();
  EXPECT_TRUE(reads("film", 24 * kMiB, 3));
}

TEST_F(DiskCacheMount, FlippedBitsNeverReachAProgram) {
  origin_.add_file("film", 24 * kMiB, 5);
  mount();
  EXPECT_TRUE(reads("film", 24 * kMiB, 5));
  app_->stop();
  ASSERT_EQ(files(".data").size(), 1u);
  const auto flip = [](const fs::path& file, std::uint64_t at) {
    std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
    stream.seekg(static_cast<std::streamoff>(at));
    const int byte = stream.get();
    stream.seekp(static_cast<std::streamoff>(at));
    stream.put(static_cast<char>(byte ^ 1));
  };
  for (std::uint64_t at = 1000; at < 24 * kMiB; at += 3 * kMiB) flip(files(".data")[0], at);
  flip(files(".index")[0], 4096 + 700);
  app_->start();
  EXPECT_TRUE(reads("film", 24 * kMiB, 5));
  EXPECT_EQ(lines_with("has damaged blocks"), 1u);
}

TEST_F(DiskCacheMount, AChangedFileIsNewAfterARestartAndInARunningMount) {
  origin_.add_file("film", 12 * kMiB, 1);
  mount();
  EXPECT_TRUE(reads("film", 12 * kMiB, 1));
  app_->stop();
  origin_.add_file("film", 12 * kMiB, 2, 2);
  app_->start();
  // The listing of before the restart is fresh until its time is over, as in a mount that ran on.
  EXPECT_TRUE(eventually([&] { return static_cast<bool>(reads("film", 12 * kMiB, 2)); }));
  origin_.add_file("film", 12 * kMiB, 3, 3);
  EXPECT_TRUE(eventually([&] { return static_cast<bool>(reads("film", 12 * kMiB, 3)); }));
  restart();
  EXPECT_TRUE(reads("film", 12 * kMiB, 3));
  EXPECT_EQ(files(".data").size(), 1u) << "the blocks of older states are gone";
}

TEST_F(DiskCacheMount, ASecondDaemonDoesNotShareTheFolder) {
  origin_.add_file("film", 4 * kMiB, 1);
  mount();
  EXPECT_TRUE(reads("film", 4 * kMiB, 1));
  app_->stop();
  ASSERT_EQ(files(".TAG").size(), 1u);
  const int held = ::open(files(".TAG")[0].c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_EQ(::flock(held, LOCK_EX), 0);
  app_->start();
  EXPECT_TRUE(app_->logs("in use by another balancefs"));
  const std::uint64_t before = gets();
  EXPECT_TRUE(reads("film", 4 * kMiB, 1));
  EXPECT_GT(gets(), before);
  ::close(held);
}

TEST_F(DiskCacheMount, AnOutageServesWhatIsOnDisk) {
  origin_.add_file("film", 40 * kMiB, 9);  // more than memory holds
  mount();
  ASSERT_TRUE(reads_until_kept("film", 40 * kMiB, 9));
  OriginLies down;
  down.status = 503;
  origin_.set_lies(down);
  drop_pages();
  EXPECT_TRUE(reads("film", 40 * kMiB, 9));
  origin_.set_lies(OriginLies());
}

TEST_F(DiskCacheMount, AMemberWithOtherBytesIsFoundOutByThoseOnDisk) {
  Origin second;
  origin_.add_file("film", 32 * kMiB, 1);
  second.add_file("film", 32 * kMiB, 2);  // the same size
  urls_ = {origin_.url(), second.url()};
  OriginLies down;
  down.status = 503;
  second.set_lies(down);
  mount();
  {
    std::ifstream film(pt("film"), std::ios::binary);
    std::string head(64 * 1024, '\0');
    film.read(head.data(), static_cast<std::streamsize>(head.size()));
    ASSERT_EQ(head, ramp_bytes(0, head.size(), 1));
  }
  ASSERT_TRUE(kept(64 * 1024));
  app_->stop();
  second.set_lies(OriginLies());
  app_->start();
  std::ifstream film(pt("film"), std::ios::binary);
  std::string head(64 * 1024, '\0');
  film.read(head.data(), static_cast<std::streamsize>(head.size()));
  EXPECT_EQ(head, ramp_bytes(0, head.size(), 1));
  // The next bytes come from whoever shows the same beginning, wherever the rotation stands.
  for (int round = 0; round < 3; ++round) {
    std::string far(64 * 1024, '\0');
    std::ifstream again(pt("film"), std::ios::binary);
    const std::uint64_t at = (8 + 8 * static_cast<std::uint64_t>(round)) * kMiB;
    again.seekg(static_cast<std::streamoff>(at));
    again.read(far.data(), static_cast<std::streamsize>(far.size()));
    EXPECT_EQ(far, ramp_bytes(at, far.size(), 1)) << round;
  }
}

}  // namespace
}  // namespace balancefs::test
