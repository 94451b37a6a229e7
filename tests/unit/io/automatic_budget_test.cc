#include "io/automatic_budget.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace balancefs::test {
namespace {

class CgroupLimit : public testing::Test {
 protected:
  CgroupLimit() {
    std::string pattern = testing::TempDir() + "cgroupXXXXXX";
    root = ::mkdtemp(pattern.data());
  }
  ~CgroupLimit() override { std::filesystem::remove_all(root); }
  void write(const std::string& file, const std::string& text) {
    std::filesystem::create_directories((root / file).parent_path());
    std::ofstream(root / file) << text;
  }
  std::filesystem::path root;
};

TEST_F(CgroupLimit, IsTheTightestOnTheWayToTheRoot) {
  write("a/b/memory.max", "max\n");
  write("a/memory.max", "1073741824\n");
  EXPECT_EQ(cgroup_memory_limit("0::/a/b\n", root), 1073741824u);
  write("a/b/memory.max", "536870912\n");
  EXPECT_EQ(cgroup_memory_limit("0::/a/b\n", root), 536870912u);
}

TEST_F(CgroupLimit, IsAbsentWhereNothingLimits) {
  write("a/memory.max", "max\n");
  EXPECT_EQ(cgroup_memory_limit("0::/a\n", root), std::nullopt);
  EXPECT_EQ(cgroup_memory_limit("0::/\n", root), std::nullopt);
  EXPECT_EQ(cgroup_memory_limit("", root), std::nullopt);
  EXPECT_EQ(cgroup_memory_limit("nonsense", root), std::nullopt);
  EXPECT_EQ(cgroup_memory_limit("0::nonsense", root), std::nullopt);
}

TEST_F(CgroupLimit, OfTheFirstVersionIsReadToo) {
  write("memory/a/memory.limit_in_bytes", "268435456\n");
  EXPECT_EQ(cgroup_memory_limit("5:cpu:/a\n4:memory:/a\n", root), 268435456u);
}

TEST(AutomaticBudget, IsAtMostAQuarterGigabyte) {
  EXPECT_GT(automatic_memory_budget(), 0u);
  EXPECT_LE(automatic_memory_budget(), 256u * 1024 * 1024);
}

}  // namespace
}  // namespace balancefs::test
