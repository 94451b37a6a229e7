// The configuration of the mount itself.
#include <gtest/gtest.h>

#include "config/config_file.h"
#include "support/temp_folder.h"

namespace balancefs::test {
namespace {

ConfigResult with_mount_key(const TempFolder& folder, const std::string& line) {
  const std::string storage = "[[storage]]\npath = \"/pt\"\ntype = \"webdav\"\nurl = \"https://h\"\n";
  return load_config(folder.write("mount.conf", "[mount]\n" + line + "\n" + storage));
}

TEST(MountSection, TheKernelsReadAheadCanBeSetOrLeftAlone) {
  const TempFolder folder;
  const ConfigResult alone = with_mount_key(folder, "read_ahead = \"kernel\"");
  ASSERT_TRUE(alone.has_value()) << alone.error().front().text;
  EXPECT_EQ(alone->mount.read_ahead, 0u);
  const ConfigResult set = with_mount_key(folder, "read_ahead = \"1MiB\"");
  ASSERT_TRUE(set.has_value()) << set.error().front().text;
  EXPECT_EQ(set->mount.read_ahead, 1u << 20);
}

TEST(MountSection, AReadAheadOfAFewPagesIsRefused) {
  const TempFolder folder;
  const ConfigResult result = with_mount_key(folder, "read_ahead = \"4KiB\"");
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().front().line, 2);
  EXPECT_EQ(result.error().front().text,
            "mount.read_ahead: '4KiB' is not possible; accepted: \"kernel\", or a size from \"64KiB\" to "
            "\"16MiB\"");
}

}  // namespace
}  // namespace balancefs::test
