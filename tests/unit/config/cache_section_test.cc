// Where the disk cache is when the configuration says little or nothing of it.
#include <gtest/gtest.h>

#include "config/config_file.h"
#include "support/temp_folder.h"

namespace balancefs::test {
namespace {

constexpr std::string_view kOneStorage =
    "[[storage]]\npath = \"/pt\"\ntype = \"webdav\"\nurl = \"https://h/x\"\n";

TEST(CacheSection, TheDiskCacheIsInTheUsersCacheFolder) {
  const TempFolder folder;
  const auto dir = [&folder](std::string_view more) {
    const ConfigResult result =
        load_config(folder.write("mount.conf", std::string(more) + std::string(kOneStorage)));
    return result ? result->cache.dir : "";
  };
  const ScopedVariable home("HOME", "/home/alice");
  const ScopedVariable without("XDG_CACHE_HOME", nullptr);
  EXPECT_EQ(dir(""), "/home/alice/.cache/balancefs");
  EXPECT_EQ(dir("[cache]\ndir = \"~/.cache/balancefs\"\n"), "/home/alice/.cache/balancefs");
  const ScopedVariable xdg("XDG_CACHE_HOME", "/var/tmp/alice");
  EXPECT_EQ(dir(""), "/var/tmp/alice/balancefs");
  EXPECT_EQ(dir("[cache]\ndir = \"here\"\n"), folder.path("here"));
}

}  // namespace
}  // namespace balancefs::test
