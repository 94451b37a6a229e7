// Limits on a real mount, by what arrives at the members: the counters of the shapers before them.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <thread>

#include "mount/shaped_members.h"

namespace balancefs::test {
namespace {

using namespace std::chrono_literals;

constexpr int kReaders = 20;
constexpr std::uint64_t kMiB = 1U << 20U;

class LimitsMount : public ShapedMembers {
 protected:
  /// Members whose storages have these lines, and a file for each reader.
  void start_limited(int count, const std::string& lines, std::uint64_t size, ShaperSettings settings) {
    size_ = size;
    start_members(count);
    for (int i = 0; i < kReaders; ++i) write_file(native() / name(i), ramp_bytes(0, size, i));
    MountConfig config;
    std::vector<std::string> urls;
    for (const auto& server : members_) {
      shapers_.push_back(std::make_unique<Shaper>(server->port(), settings));
      urls.push_back(shapers_.back()->url());
    }
    config = balanced(urls);
    for (StorageLines& storage : config.storages) storage.extra += lines;
    config.sections = "[cache]\nmode = \"memory\"\n";
    app_ = std::make_unique<MountedApp>(config);
  }
  static std::string name(int reader) { return fmt::format("file{}", reader); }

  /// All readers read their files at once; `meanwhile` is called over and over until they have.
  void read_all(const std::function<void()>& meanwhile) {
    std::atomic<int> reading = kReaders;
    std::vector<std::thread> readers;
    for (int i = 0; i < kReaders; ++i) {
      readers.emplace_back([this, i, &reading] {
        {
          OpenFile file(pt(name(i)));
          EXPECT_EQ(file.read_ramp(size_, i), size_) << name(i);
        }
        --reading;
      });
    }
    while (reading > 0) {
      meanwhile();
      std::this_thread::sleep_for(2ms);
    }
    for (std::thread& reader : readers) reader.join();
  }

  std::uint64_t size_ = 0;
};

class ConnectionsMount : public LimitsMount {
 protected:
  /// The most connections to each of two members that were at work at once.
  std::array<std::uint64_t, 2> most_at_work(const std::string& lines) {
    ShaperSettings slow;
    slow.round_trip = 20ms;
    slow.per_connection = 8 * kMiB;
    start_limited(2, lines, 2 * kMiB, slow);
    std::array<std::uint64_t, 2> most = {0, 0};
    read_all([&] {
      for (int i = 0; i < 2; ++i) most[i] = std::max(most[i], shaper(i).busy(1ms));
    });
    return most;
  }
};

TEST_F(ConnectionsMount, MaxConnectionsHoldWithTwentyReaders) {
  for (const std::uint64_t most : most_at_work("max_connections = 3\n")) {
    EXPECT_LE(most, 3U);
    EXPECT_GE(most, 2U) << "and they are used";
  }
}

TEST_F(ConnectionsMount, WithoutLimitsThereAreMore) {
  for (const std::uint64_t most : most_at_work("")) EXPECT_GT(most, 6U);
}

TEST_F(LimitsMount, BandwidthHoldsWithTwentyReadersAndAllGetOn) {
  constexpr std::uint64_t kRate = 4 * kMiB;
  // A second's worth, one piece, and heads and what was on its way when a read ahead was cancelled.
  constexpr std::uint64_t kBeyond = kRate + kRate / 2 + 2 * kMiB;
  start_limited(1, "bandwidth = \"4MiB\"\n", kMiB, away(5ms));
  const auto begun = std::chrono::steady_clock::now();
  read_all([&] {
    const std::uint64_t bytes = shaper(0).counts().bytes;
    const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - begun;
    EXPECT_LE(static_cast<double>(bytes), static_cast<double>(kRate) * passed.count() + kBeyond);
  });
  EXPECT_GE(shaper(0).counts().bytes, kReaders * kMiB);
}

TEST_F(LimitsMount, RequestsPerSecondHoldWithTwentyReaders) {
  constexpr double kRate = 10;
  start_limited(1, "requests_per_second = 10\n", kMiB / 8, ShaperSettings());
  const std::uint64_t before = shaper(0).counts().requests;
  const auto begun = std::chrono::steady_clock::now();
  const auto asked = [&] { return static_cast<double>(shaper(0).counts().requests - before); };
  read_all([&] {
    const double requests = asked();
    const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - begun;
    EXPECT_LE(requests, kRate * passed.count() + kRate) << "a second's worth may start at once";
  });
  EXPECT_GE(asked(), kReaders);
}

TEST_F(LimitsMount, AListingDoesNotWaitBehindBulkData) {
  start_limited(1, "max_connections = 2\nbandwidth = \"4MiB\"\n", 2 * kMiB, away(5ms));
  std::filesystem::create_directories(native() / "folder" / "inside");
  std::atomic<bool> listed = false;
  std::thread lister([&] {
    EXPECT_TRUE(std::filesystem::is_directory(pt("folder/inside")));
    listed = true;
  });
  bool before_the_end = false;
  read_all([&] { before_the_end = before_the_end || listed; });
  lister.join();
  EXPECT_TRUE(before_the_end);
}

}  // namespace
}  // namespace balancefs::test
