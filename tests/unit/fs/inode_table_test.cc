#include "fs/inode_table.h"

#include <gtest/gtest.h>

#include "fs/attributes.h"

namespace balancefs::test {
namespace {

Path path(std::string_view text) {
  return *Path::parse(text);
}

std::shared_ptr<Version> version(std::uint64_t id, std::string_view at) {
  return std::make_shared<Version>(id, path(at), std::vector<ObjectInfo>(1));
}

TEST(InodeTable, AVersionIsAnInodeAndADirectoryKeepsItsOwn) {
  InodeTable table;
  const auto first = version(1, "a");
  const auto second = version(2, "a");
  Inode& old_node = table.file(path("a"), first);
  table.add_lookup(old_node);
  const std::uint64_t old_id = old_node.id;
  EXPECT_EQ(table.file(path("a"), first).id, old_id);
  const std::uint64_t new_id = table.file(path("a"), second).id;
  EXPECT_NE(new_id, old_id);
  EXPECT_TRUE(table.find(old_id)->outdated);
  EXPECT_EQ(table.current(path("a"))->id, new_id);
  const std::uint64_t directory = table.directory(path("d")).id;
  EXPECT_EQ(table.directory(path("d")).id, directory);
}

TEST(InodeTable, ANodeLivesUntilTheKernelGaveBackEveryReference) {
  InodeTable table;
  Inode& node = table.directory(path("d"));
  const std::uint64_t id = node.id;
  table.add_lookup(node);
  table.add_lookup(node);
  table.forget(id, 1);
  EXPECT_NE(table.find(id), nullptr);
  table.forget(id, 1);
  EXPECT_EQ(table.find(id), nullptr);
  EXPECT_EQ(table.current(path("d")), nullptr);
  EXPECT_NE(table.directory(path("d")).id, id) << "ids never come again";
  EXPECT_NE(table.find(InodeTable::kRoot), nullptr);
  table.forget(InodeTable::kRoot, 100);
  EXPECT_NE(table.find(InodeTable::kRoot), nullptr);
}

TEST(InodeTable, ForgettingAnOutdatedNodeLeavesItsSuccessorAlone) {
  InodeTable table;
  Inode& node = table.file(path("a"), version(1, "a"));
  table.add_lookup(node);
  const std::uint64_t old_id = node.id;
  const std::uint64_t new_id = table.file(path("a"), version(2, "a")).id;
  table.forget(old_id, 1);
  EXPECT_EQ(table.current(path("a"))->id, new_id);
}

TEST(InodeNumber, IsAHashOfThePathAndTheRootIsOne) {
  EXPECT_EQ(inode_number(Path()), 1u);
  EXPECT_EQ(inode_number(path("pt/a")), inode_number(path("/pt/a/")));
  EXPECT_NE(inode_number(path("pt/a")), inode_number(path("pt/b")));
}

}  // namespace
}  // namespace balancefs::test
