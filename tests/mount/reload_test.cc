// Another configuration for a mount that programs use: no handle is disturbed, and a bad file changes
// nothing.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>
#include <nlohmann/json.hpp>
#include <thread>

#include "mount/shaped_members.h"

namespace balancefs::test {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kMiB = 1U << 20U;

class ReloadMount : public BalancedMount {
 protected:
  /// The first so many members at /pt, with further sections.
  MountConfig with(int members, const std::string& sections = {}) {
    std::vector<std::string> urls;
    for (int i = 0; i < members; ++i) urls.push_back(member(i).url());
    MountConfig config = balanced(urls);
    config.sections = sections;
    return config;
  }
  void reload(const MountConfig& config) {
    app_->write_config(config);
    last_ = app_->reload();
    EXPECT_EQ(last_.status, 0) << last_.text();
  }
  /// How many of so many files that are read once come from each member.
  std::vector<int> shares(int files, const std::string& folder) {
    std::vector<int> counts(members_.size(), 0);
    for (int i = 0; i < files; ++i) {
      const std::string name = folder + "/" + numbered(i);
      EXPECT_TRUE(read_file(pt(name)).text == ramp_bytes(0, 3000, static_cast<std::uint32_t>(i))) << name;
      const std::string source = source_of(name);
      for (std::size_t m = 0; m < counts.size(); ++m) counts[m] += source == member_name(static_cast<int>(m));
    }
    return counts;
  }
  nlohmann::json status() {
    return nlohmann::json::parse(run({BALANCEFS_BINARY, "status", "--json", app_->mountpoint()}).out);
  }
  int leavings() const {
    int count = 0;
    const std::string log = app_->log();
    for (std::size_t at = 0;
         (at = log.find("of an earlier configuration is closed", at)) != std::string::npos; ++at)
      ++count;
    return count;
  }
  ProgramResult last_;
};

TEST_F(ReloadMount, AMemberThatComesTakesItsTurnAndOneThatGoesGetsNothingNew) {
  start_members(3);
  for (const char* folder : {"a", "b", "c"}) make_files(native() / folder, 12, 3000);
  app_ = std::make_unique<MountedApp>(with(2));
  EXPECT_EQ(shares(12, "a"), (std::vector<int>{6, 6, 0}));
  reload(with(3));
  EXPECT_EQ(last_.out, "groups: 1 changed (/pt)\n");
  EXPECT_EQ(shares(12, "b"), (std::vector<int>{4, 4, 4}));
  reload(with(1));
  EXPECT_EQ(shares(12, "c"), (std::vector<int>{12, 0, 0}));
  reload(with(1));
  EXPECT_EQ(last_.out, "no group changed\n");
  EXPECT_TRUE(eventually([&] { return leavings() == 2; })) << leavings();
}

TEST_F(ReloadMount, AnOpenHandleReadsOnFromTheMemberThatIsTakenOut) {
  start_members(2);
  write_file(native() / "film", ramp_bytes(0, 40 * kMiB));
  app_ = std::make_unique<MountedApp>(with(2));
  {
    OpenFile film(pt("film"));
    EXPECT_EQ(film.read_ramp(kMiB, 0), kMiB);
    const std::string source = source_of("film");
    MountConfig other;
    other.storages.push_back(storage_of(member(source == "/pt" ? 1 : 0), "/pt"));
    reload(other);
    const auto handles = status()["handles"];
    EXPECT_EQ(handles.at(0)["member"], source) << "it is still read from there";
    EXPECT_EQ(film.read_ramp(39 * kMiB, 0), 39 * kMiB);
    EXPECT_EQ(leavings(), 0) << "a handle holds it";
  }
  EXPECT_TRUE(eventually([&] { return leavings() == 1; }));
  EXPECT_EQ(sha256(pt("film")), sha256(native() / "film"));
  EXPECT_EQ(source_of("film"), "/pt") << "the only one there is";
}

TEST_F(ReloadMount, GroupsComeAndGoWithTheirNames) {
  start_members(2);
  write_file(native() / "film", ramp_bytes(0, 20 * kMiB));
  write_file(native() / "folder/x", "x");
  app_ = std::make_unique<MountedApp>(with(1));
  EXPECT_EQ(open_error(app_->path("other/film")), ENOENT);
  MountConfig both = with(1);
  both.storages.push_back(storage_of(member(1), "/other/deep"));
  reload(both);
  EXPECT_EQ(last_.out, "groups: 1 added (/other/deep)\n");
  EXPECT_EQ(run({"ls", app_->mountpoint()}).out, "other\npt\n");
  EXPECT_EQ(run({"ls", app_->path("other/deep")}).out, "film\nfolder\n");
  OpenFile film(app_->path("other/deep/film"));
  EXPECT_EQ(film.read_ramp(kMiB, 0), kMiB);
  reload(with(1));
  EXPECT_EQ(last_.out, "groups: 1 removed (/other/deep)\n");
  EXPECT_EQ(run({"ls", app_->mountpoint()}).out, "pt\n");
  EXPECT_EQ(open_error(app_->path("other/deep/film")), ENOENT);
  EXPECT_EQ(open_error(app_->path("other")), ENOENT);
  EXPECT_EQ(film.read_ramp(19 * kMiB, 0), 19 * kMiB) << "what is open is read to its end";
}

TEST_F(ReloadMount, AMountPathTakesAFolderOfTheStorageAboveItAndGivesItBack) {
  start_separate_members(2);
  write_file(member(0).root() / "sub/mine", "first");
  write_file(member(0).root() / "sub/both", "of the first");
  write_file(member(1).root() / "both", "of the second");
  app_ = std::make_unique<MountedApp>(with(1));
  EXPECT_EQ(read_file(pt("sub/both")).text, "of the first");
  MountConfig nested = with(1);
  nested.storages.push_back(storage_of(member(1), "/pt/sub"));
  reload(nested);
  EXPECT_EQ(read_file(pt("sub/both")).text, "of the second");
  EXPECT_EQ(open_error(pt("sub/mine")), ENOENT);
  reload(with(1));
  EXPECT_EQ(read_file(pt("sub/both")).text, "of the first");
  EXPECT_EQ(read_file(pt("sub/mine")).text, "first");
}

TEST_F(ReloadMount, ABadFileIsRefusedAndTheRunningConfigurationGoesOn) {
  start_members(2);
  make_files(native() / "a", 4, 3000);
  app_ = std::make_unique<MountedApp>(with(2));
  MountConfig bad = with(1, "[metadata]\nttl = \"soon\"\n");
  bad.storages.emplace_back("/pt.balance1/x", "webdav", "no url");
  app_->write_config(bad);
  const ProgramResult refused = app_->reload();
  EXPECT_EQ(refused.status, 2) << refused.text();
  EXPECT_NE(refused.err.find("mount.conf:5: metadata.ttl: "), std::string::npos) << refused.err;
  EXPECT_NE(refused.err.find("storage.url"), std::string::npos) << "every mistake: " << refused.err;
  EXPECT_TRUE(app_->logs("not reloaded, the running configuration goes on"));
  EXPECT_EQ(shares(4, "a"), (std::vector<int>{2, 2}));
  std::filesystem::remove(app_->config_file());
  EXPECT_EQ(app_->reload().status, 2);
  EXPECT_EQ(shares(4, "a"), (std::vector<int>{2, 2}));
}

TEST_F(ReloadMount, WhatOnlyAnotherMountAppliesIsNamedEachTime) {
  start_members(1);
  make_files(native() / "a", 1, 3000);
  app_ = std::make_unique<MountedApp>(with(1));
  for (int i = 0; i < 2; ++i) {
    reload(with(1, "[mount]\numask = \"077\"\n"));
    EXPECT_EQ(last_.out, "no group changed; not applied before the next mount: [mount]\n");
  }
}

TEST_F(ReloadMount, HealthFiguresAndDrainsAreKept) {
  start_members(3);
  make_files(native() / "a", 6, 3000);
  app_ = std::make_unique<MountedApp>(with(3));
  EXPECT_EQ(shares(6, "a"), (std::vector<int>{2, 2, 2}));
  ASSERT_EQ(run({BALANCEFS_BINARY, "drain", "/pt.balance1", "--mount", app_->mountpoint()}).status, 0);
  member(2).stop();
  ASSERT_TRUE(eventually([&] {
    run({"ls", pt("a")});
    run({BALANCEFS_BINARY, "refresh", "--recursive", pt()});
    return status()["groups"][0]["members"][2]["state"] != "closed";
  }));
  const auto before = status()["groups"][0]["members"];
  MountConfig weighted = with(3);
  weighted.storages[0].extra = "weight = 3\n";
  reload(weighted);
  const auto after = status()["groups"][0]["members"];
  EXPECT_EQ(after[0]["weight"], 3.0);
  EXPECT_EQ(after[1]["drained"], true);
  EXPECT_NE(after[2]["state"], "closed");
  EXPECT_EQ(after[2]["reason"].get<std::string>().empty(), false);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(after[i]["opens"], before[i]["opens"]);
  member(2).start();
  EXPECT_TRUE(eventually([&] { return status()["groups"][0]["members"][2]["state"] == "closed"; }, 60s))
      << "it is still probed";
}

TEST_F(ReloadMount, TheNamesOfAMemberThatIsDownStay) {
  start_separate_members(3);
  write_file(member(0).root() / "d/first", "first");
  write_file(member(1).root() / "d/second", "second");
  write_file(member(2).root() / "d/third", "third");
  app_ = std::make_unique<MountedApp>(with(2));
  EXPECT_EQ(run({"ls", pt("d")}).out, "first\nsecond\n");
  member(1).stop();
  reload(with(3));
  EXPECT_EQ(run({"ls", pt("d")}).out, "first\nsecond\nthird\n");
  EXPECT_EQ(open_error(pt("d/second")) == ENOENT, false) << "nobody said that it is gone";
}

/// Each reader opens, reads and closes files one after the other, and compares every byte.
class Readers {
 public:
  Readers(std::function<std::filesystem::path(int)> path, int count, int files, std::uint64_t size)
      : turns_(static_cast<std::size_t>(count)) {
    for (int reader = 0; reader < count; ++reader) {
      threads_.emplace_back([this, path, reader, files, size](const std::stop_token& stop) {
        std::atomic<int>& turn = turns_[static_cast<std::size_t>(reader)];
        for (; !stop.stop_requested(); ++turn) read_one(path, (reader * 7 + turn) % files, size);
      });
    }
  }
  void stop() { threads_.clear(); }
  /// Waits until each has read a file that it opened after this call.
  bool go_on() {
    const std::vector<int> before(turns_.begin(), turns_.end());
    return eventually([&] {
      for (std::size_t i = 0; i < before.size(); ++i) {
        if (turns_[i] < before[i] + 2) return false;
      }
      return true;
    });
  }
  std::string first_mistake() {
    const std::lock_guard lock(mutex_);
    return mistake_;
  }

 private:
  void read_one(const std::function<std::filesystem::path(int)>& path, int file, std::uint64_t size) {
    const FileContent content = read_file(path(file));
    if (content.error == 0 && content.text == ramp_bytes(0, size, static_cast<std::uint32_t>(file))) return;
    const std::lock_guard lock(mutex_);
    if (mistake_.empty())
      mistake_ = fmt::format("file {}: error {}, {} bytes", file, content.error, content.text.size());
  }

  std::mutex mutex_;
  std::string mistake_;
  std::vector<std::atomic<int>> turns_;  ///< by reader: files it has read
  std::vector<std::jthread> threads_;
};

TEST_F(ReloadMount, FiftyReadersSeeNothingOfTwentyReloads) {
  constexpr int kFiles = 25;
  start_members(3);
  for (int i = 0; i < kFiles; ++i)
    write_file(native() / numbered(i), ramp_bytes(0, kMiB, static_cast<std::uint32_t>(i)));
  app_ = std::make_unique<MountedApp>(with(3));
  Readers readers([this](int file) { return pt(numbered(file)); }, 50, kFiles, kMiB);
  const std::vector<MountConfig> turns = {with(2), with(3, "[group.\"/pt\"]\npolicy = \"least-in-flight\"\n"),
                                          with(1), with(3, "[group.\"/pt\"]\nstripe = true\n"), with(3)};
  for (int i = 0; i < 20; ++i) {
    reload(turns[static_cast<std::size_t>(i) % turns.size()]);
    EXPECT_TRUE(readers.go_on());
  }
  readers.stop();
  EXPECT_EQ(readers.first_mistake(), "");
  EXPECT_TRUE(eventually([&] { return leavings() == 20; })) << leavings() << " of 20 groups have gone";
  EXPECT_EQ(status()["groups"].size(), 1U);
  EXPECT_EQ(status()["handles"].size(), 0U);
}

}  // namespace
}  // namespace balancefs::test
