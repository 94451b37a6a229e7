#include "fs/inode_table.h"

#include <gtest/gtest.h>

#include "fs/attributes.h"

namespace balancefs::test {
namespace {

Path path(std::string_view text) {
  return *Path::parse(text);
}

FileStamp stamp(std::uint64_t size) {
  ObjectInfo info;
  info.size = size;
  return FileStamp(info);
}

class InodeTableTest : public ::testing::Test {
 protected:
  Inode& root() { return *table.find(InodeTable::kRoot); }
  Inode& looked_up(Inode& node) {
    table.add_lookup(node);
    return node;
  }
  Inode& file(Inode& parent, std::string_view name, std::uint64_t size = 1) {
    return looked_up(table.new_file(parent, name, stamp(size)));
  }
  Inode& folder(Inode& parent, std::string_view name) { return looked_up(table.directory(parent, name)); }

  InodeTable table;
};

TEST_F(InodeTableTest, AVersionIsAnInodeAndADirectoryKeepsItsOwn) {
  const std::uint64_t old_id = file(root(), "a").id();
  EXPECT_EQ(table.current(path("a"))->id(), old_id);
  const std::uint64_t new_id = file(root(), "a", 2).id();
  EXPECT_NE(new_id, old_id);
  EXPECT_TRUE(table.find(old_id)->outdated());
  EXPECT_EQ(table.find(old_id)->stamp().size, 1u);
  EXPECT_EQ(table.current(path("a"))->id(), new_id);
  const std::uint64_t directory = folder(root(), "d").id();
  EXPECT_EQ(folder(root(), "d").id(), directory);
}

TEST_F(InodeTableTest, ADirectoryTakesTheNameOfAFileAndAFileThatOfADirectory) {
  const std::uint64_t first = file(root(), "a").id();
  const std::uint64_t second = folder(root(), "a").id();
  EXPECT_TRUE(table.find(first)->outdated());
  EXPECT_EQ(table.current(path("a"))->id(), second);
  const std::uint64_t third = file(root(), "a").id();
  EXPECT_TRUE(table.find(second)->outdated());
  EXPECT_EQ(table.current(path("a"))->id(), third);
}

TEST_F(InodeTableTest, ANodeLivesUntilTheKernelGaveBackEveryReference) {
  Inode& node = folder(root(), "d");
  const std::uint64_t id = node.id();
  table.add_lookup(node);
  table.forget(id, 1);
  EXPECT_NE(table.find(id), nullptr);
  table.forget(id, 1);
  EXPECT_EQ(table.find(id), nullptr);
  EXPECT_EQ(table.current(path("d")), nullptr);
  EXPECT_NE(folder(root(), "d").id(), id) << "ids never come again";
  table.forget(InodeTable::kRoot, 100);
  EXPECT_NE(table.find(InodeTable::kRoot), nullptr);
}

TEST_F(InodeTableTest, ForgettingAnOutdatedNodeLeavesItsSuccessorAlone) {
  const std::uint64_t old_id = file(root(), "a").id();
  const std::uint64_t new_id = file(root(), "a", 2).id();
  table.forget(old_id, 1);
  EXPECT_EQ(table.find(old_id), nullptr);
  EXPECT_EQ(table.current(path("a"))->id(), new_id);
}

TEST_F(InodeTableTest, APathIsMadeOfTheNamesOnTheWay) {
  Inode& inner = folder(folder(root(), "a"), "b");
  Inode& node = file(inner, "c.mkv");
  EXPECT_EQ(table.path(node), path("a/b/c.mkv"));
  EXPECT_EQ(table.path(root()), Path());
  EXPECT_EQ(table.current(path("a/b/c.mkv")), &node);
  EXPECT_EQ(table.current(path("a/b")), &inner);
  EXPECT_EQ(table.current(path("a/c.mkv")), nullptr);
  EXPECT_EQ(table.current(Path()), &root());
  EXPECT_EQ(&table.parent(node), &inner);
}

TEST_F(InodeTableTest, ADirectoryStaysUntilTheLastNodeInItIsForgotten) {
  const std::uint64_t outer = folder(root(), "a").id();
  const std::uint64_t inner = folder(*table.find(outer), "b").id();
  const std::uint64_t node = file(*table.find(inner), "c").id();
  table.forget(outer, 1);
  table.forget(inner, 1);
  EXPECT_EQ(table.path(*table.find(node)), path("a/b/c"));
  table.forget(node, 1);
  EXPECT_EQ(table.find(outer), nullptr);
  EXPECT_EQ(table.find(inner), nullptr);
  EXPECT_EQ(table.size(), 1u);
}

TEST_F(InodeTableTest, AVersionStaysUntilItsNodeIsForgotten) {
  Inode& node = file(root(), "a");
  EXPECT_EQ(table.version(node), nullptr) << "nobody has opened it";
  auto version = std::make_shared<Version>(1, path("a"), std::vector<ObjectInfo>(1));
  const std::weak_ptr<Version> kept = version;
  table.set_version(node, version);
  EXPECT_EQ(table.version(node), version);
  version.reset();
  table.outdate(node);
  EXPECT_FALSE(kept.expired());
  table.forget(node.id(), 1);
  EXPECT_TRUE(kept.expired());
}

TEST_F(InodeTableTest, ManyNodesAreFoundWhileTheyComeAndGo) {
  constexpr std::size_t kNodes = 5'000;
  const auto name = [](std::size_t i) { return "file " + std::to_string(i); };
  Inode& folders = folder(root(), "d");
  std::vector<std::uint64_t> ids;
  for (std::size_t i = 0; i < kNodes; ++i) ids.push_back(file(i % 2 == 0 ? root() : folders, name(i)).id());
  for (std::size_t i = 0; i < kNodes; ++i) {
    const Inode& parent = i % 2 == 0 ? root() : folders;
    const Inode& other = i % 2 == 0 ? folders : root();
    ASSERT_EQ(table.current(parent, name(i))->id(), ids[i]);
    ASSERT_EQ(table.current(other, name(i)), nullptr);
  }
  for (std::size_t i = 0; i < kNodes; ++i) {
    if (i % 100 != 0) table.forget(ids[i], 1);
  }
  EXPECT_EQ(table.size(), kNodes / 100 + 2);
  for (std::size_t i = 0; i < kNodes; ++i) {
    const Inode& parent = i % 2 == 0 ? root() : folders;
    ASSERT_EQ(table.current(parent, name(i)) != nullptr, i % 100 == 0) << i;
    ASSERT_EQ(table.find(ids[i]) != nullptr, i % 100 == 0) << i;
  }
  std::size_t visited = 0;
  table.for_each_current([&](const Inode&) { ++visited; });
  EXPECT_EQ(visited, table.size());
  for (std::size_t i = 1; i < kNodes; i += 100) ASSERT_NE(file(root(), name(i)).id(), ids[i]);
}

TEST(InodeNumber, IsAHashOfThePathAndTheRootIsOne) {
  EXPECT_EQ(inode_number(Path()), 1u);
  EXPECT_EQ(inode_number(path("pt/a")), inode_number(path("/pt/a/")));
  EXPECT_NE(inode_number(path("pt/a")), inode_number(path("pt/b")));
}

}  // namespace
}  // namespace balancefs::test
