// What the tests of the disk cache share: an engine that is started and ended like a daemon, over a fake
// storage, with real files, real threads and a real clock.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "io/disk_cache.h"
#include "io/read_engine.h"
#include "support/fake_storage.h"
#include "support/ramp_bytes.h"
#include "support/real_loop.h"
#include "support/temp_folder.h"
#include "unit/io/reading.h"

namespace balancefs::test {

class DiskReading : public testing::Test {
 protected:
  DiskReading() : storage("/pt", loop.executor(), loop.clock), place(scratch.path("cache")) {}
  ~DiskReading() override { stop(); }

  void start(std::uint64_t size = 1024 * kMiB) {
    DiskOptions options;
    options.folder = place;
    options.size = size;
    engine = std::make_unique<ReadEngine>(64 * kMiB, ReadOptions(), loop.executor(), loop.clock);
    engine->keep_on_disk(std::move(options));
    run_until([this] { return disk().state != DiskSnapshot::State::opening; });
  }
  void stop() {
    if (!engine) return;
    loop.run_void(engine->close());
    const ReadSnapshot now = engine->snapshot();
    EXPECT_EQ(now.handles, 0u) << "a handle is left";
    EXPECT_EQ(now.used, now.held) << "a pin is left";
    EXPECT_EQ(storage.counts.running, 0);
    engine.reset();
  }
  void restart(std::uint64_t size = 1024 * kMiB) {
    stop();
    start(size);
  }
  /// As a kill leaves it: whatever the files hold at this moment.
  void crash(std::uint64_t size = 1024 * kMiB) {
    const std::string after = scratch.path("crash" + std::to_string(++crashes));
    copy_now(after);
    stop();
    place = after;
    start(size);
  }
  /// The folder as it is; files come and go meanwhile.
  void copy_now(const std::string& to) const {
    std::error_code gone;
    std::filesystem::create_directory(to);
    for (const auto& entry : std::filesystem::directory_iterator(place))
      std::filesystem::copy_file(entry.path(), to + "/" + entry.path().filename().string(), gone);
  }

  void run_until(const std::function<bool()>& holds) {
    const TimePoint until = loop.clock.now() + std::chrono::minutes(1);
    while (!holds()) {
      ASSERT_LT(loop.clock.now(), until) << "it does not come";
      loop.loop.restart();
      loop.loop.run_one_for(std::chrono::milliseconds(20));
    }
  }
  DiskSnapshot disk() const { return *engine->disk_snapshot(); }
  /// Until so many bytes have been written since the start.
  void written(std::uint64_t bytes) {
    run_until([this, bytes] { return disk().written >= bytes; });
  }

  std::shared_ptr<Version> version_of(const std::string& path) {
    ObjectInfo info = storage.nodes.at(path).info;
    if (listed) info.validator = *listed;
    return std::make_shared<Version>(++last_id, *Path::parse(path), std::vector<ObjectInfo>(1, info));
  }
  std::unique_ptr<FileReader> open(const std::shared_ptr<Version>& version) {
    const std::vector<std::string> members(1, "/pt");
    return engine->open(version, storage.open(version, 0),
                        FileOrigin("pt/" + version->path().str(), members));
  }
  std::unique_ptr<FileReader> open(const std::string& path) { return open(version_of(path)); }
  Result<std::string> read(FileReader& reader, std::uint64_t offset, std::size_t size) {
    return loop.run(read_text(reader, offset, size));
  }
  /// All of a file through a handle of its own, in the kernel's steps.
  testing::AssertionResult reads_whole(const std::string& path, std::uint32_t seed = 0) {
    const std::uint64_t size = storage.nodes.at(path).info.size;
    const auto reader = open(path);
    for (std::uint64_t at = 0; at < size; at += 128 * kKiB) {
      const std::uint64_t count = std::min<std::uint64_t>(128 * kKiB, size - at);
      if (const auto right = is_ramp(read(*reader, at, 128 * kKiB), at, count, seed); !right) return right;
    }
    return testing::AssertionSuccess();
  }
  /// Reads a file and waits until all of it is on disk.
  void keep(const std::string& path, std::uint32_t seed = 0) {
    const std::uint64_t before = disk().written;
    EXPECT_TRUE(reads_whole(path, seed));
    written(before + storage.nodes.at(path).info.size);
  }

  std::vector<std::string> files(const std::string& ending) const {
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator(place)) {
      if (entry.path().extension() == ending) found.push_back(entry.path().string());
    }
    return found;
  }
  static void flip(const std::string& file, std::uint64_t at) {
    std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
    stream.seekg(static_cast<std::streamoff>(at));
    const int byte = stream.get();
    stream.seekp(static_cast<std::streamoff>(at));
    stream.put(static_cast<char>(byte ^ 4));
  }

  TempFolder scratch;
  RealLoop loop;
  FakeStorage storage;
  std::string place;
  std::optional<Validator> listed;  ///< what listings show, instead of what data answers say
  std::unique_ptr<ReadEngine> engine;
  std::uint64_t last_id = 0;
  int crashes = 0;
};

}  // namespace balancefs::test
