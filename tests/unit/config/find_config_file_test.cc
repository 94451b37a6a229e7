// Which configuration file is taken when none, or a relative one, is given.
#include <gtest/gtest.h>

#include <filesystem>

#include "config/config_file.h"
#include "support/temp_folder.h"

namespace balancefs::test {
namespace {

constexpr std::string_view kOneStorage =
    "[[storage]]\npath = \"/pt\"\ntype = \"webdav\"\nurl = \"https://h/x\"\n";

TEST(FindConfigFile, TakesTheOneGivenThenTheUsersThenTheSystems) {
  const TempFolder folder;
  const ScopedVariable xdg("XDG_CONFIG_HOME", folder.path().c_str());
  EXPECT_EQ(find_config_file("/some/where.conf"), "/some/where.conf")
      << "whether it is there is load_config's matter";
  EXPECT_TRUE(find_config_file("x.conf")->starts_with('/'));
  std::filesystem::create_directory(folder.path("balancefs"));
  folder.write("balancefs/mount.conf", kOneStorage);
  EXPECT_EQ(find_config_file(std::nullopt), folder.path("balancefs/mount.conf"));
}

TEST(FindConfigFile, FallsBackToTheHomeAndSaysWhereItLooked) {
  const TempFolder folder;
  const ScopedVariable xdg("XDG_CONFIG_HOME", nullptr);
  const ScopedVariable home("HOME", folder.path().c_str());
  if (std::filesystem::exists("/etc/balancefs/mount.conf"))
    GTEST_SKIP() << "this machine has a configuration";
  const auto none = find_config_file(std::nullopt);
  ASSERT_FALSE(none.has_value());
  EXPECT_NE(none.error().find(folder.path(".config/balancefs/mount.conf")), std::string::npos);
  EXPECT_NE(none.error().find("/etc/balancefs/mount.conf"), std::string::npos);
  std::filesystem::create_directories(folder.path(".config/balancefs"));
  folder.write(".config/balancefs/mount.conf", kOneStorage);
  EXPECT_EQ(find_config_file(std::nullopt), folder.path(".config/balancefs/mount.conf"));
}

}  // namespace
}  // namespace balancefs::test
