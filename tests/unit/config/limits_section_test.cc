// Limits of storages, and accounts that share them.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "config/config_file.h"
#include "support/temp_folder.h"

namespace balancefs::test {
namespace {

std::string storage(std::string_view path, std::string_view lines) {
  return fmt::format("[[storage]]\npath = \"{}\"\ntype = \"webdav\"\nurl = \"https://h{}\"\n{}\n", path, path,
                     lines);
}

class LimitsSection : public testing::Test {
 protected:
  ConfigResult load(const std::string& text) { return load_config(folder_.write("mount.conf", text)); }

  TempFolder folder_;
};

TEST_F(LimitsSection, AStorageHasItsOwnLimits) {
  const auto options =
      load(storage("/a", "max_connections = 16\nrequests_per_second = 10\nbandwidth = \"5MiB\"") +
           storage("/b", ""));
  ASSERT_TRUE(options.has_value());
  const LimitOptions& limits = options->storages[0].limits;
  EXPECT_EQ(limits.max_connections, 16u);
  EXPECT_EQ(limits.requests_per_second, 10u);
  EXPECT_EQ(limits.bandwidth, 5u << 20);
  EXPECT_FALSE(options->storages[1].limits.any());
}

TEST_F(LimitsSection, WhatOneStorageOfAnAccountGivesHoldsForAll) {
  const auto options = load(storage("/a", "account = \"p\"\nmax_connections = 16") + storage("/b", "") +
                            storage("/c", "account = \"p\"\nbandwidth = \"1MiB\"\nmax_connections = 16"));
  ASSERT_TRUE(options.has_value());
  for (const std::size_t i : {0U, 2U}) {
    EXPECT_EQ(options->storages[i].account, "p");
    EXPECT_EQ(options->storages[i].limits.max_connections, 16u);
    EXPECT_EQ(options->storages[i].limits.bandwidth, 1u << 20);
  }
  EXPECT_FALSE(options->storages[1].limits.any());
  EXPECT_TRUE(options->warnings.empty());
}

TEST_F(LimitsSection, DifferentLimitsOfOneAccountAreAProblem) {
  const auto options = load(storage("/a", "account = \"p\"\nmax_connections = 16") +
                            storage("/b", "account = \"p\"\nmax_connections = 4"));
  ASSERT_FALSE(options.has_value());
  ASSERT_EQ(options.error().size(), 1u);
  EXPECT_EQ(options.error().front().line, 12);
  EXPECT_EQ(
      options.error().front().text,
      "storage.max_connections: differs from that of the storage at line 1, which has the same account; "
      "give it for one of them");
}

TEST_F(LimitsSection, AnAccountThatLimitsNothingGetsAWarning) {
  const auto options =
      load(storage("/a", "account = \"p\"\nmax_connections = 16") + storage("/b", "account = \"q\""));
  ASSERT_TRUE(options.has_value());
  ASSERT_EQ(options->warnings.size(), 1u);
  EXPECT_NE(options->warnings[0].find("storage /b: account 'q' changes nothing"), std::string::npos)
      << options->warnings[0];
}

}  // namespace
}  // namespace balancefs::test
