#include "fs/tree.h"

#include <gtest/gtest.h>

namespace balancefs::test {
namespace {

Path path(std::string_view text) {
  return *Path::parse(text);
}

// The tree never looks into groups and caches: only their addresses matter here.
struct alignas(64) Anything {
  std::byte bytes[64] = {};
};

MountPointer mount(std::string_view at, Anything& identity) {
  auto* any = reinterpret_cast<Storage*>(&identity);
  auto* cache = reinterpret_cast<ListingCache*>(&identity);
  return std::make_shared<MountPoint>(path(at), *any, *cache);
}

class TreeTest : public ::testing::Test {
 protected:
  Anything root_, films_, deep_;
  Tree tree_{{mount("/", root_), mount("/media/films", films_), mount("/media/films/new/x", deep_)}};
};

TEST_F(TreeTest, TheLongestMountPathOwnsAPath) {
  const Place deep = tree_.locate(path("media/films/new/x/a/b"));
  EXPECT_EQ(deep.mount->path.str(), "media/films/new/x");
  EXPECT_EQ(deep.relative.str(), "a/b");
  EXPECT_EQ(tree_.locate(path("media/films/new")).relative.str(), "new");
  EXPECT_EQ(tree_.locate(path("media/filmsX")).mount->path.str(), "");
  EXPECT_EQ(tree_.locate(path("media/films")).relative.str(), "");
}

TEST_F(TreeTest, ParentsOfMountPathsAreDirectoriesWhateverStoragesSay) {
  for (const char* fixed : {"", "media", "media/films", "media/films/new", "media/films/new/x"}) {
    EXPECT_TRUE(tree_.is_fixed_directory(path(fixed))) << fixed;
  }
  EXPECT_FALSE(tree_.is_fixed_directory(path("media/films/new/x/a")));
  EXPECT_FALSE(tree_.is_fixed_directory(path("med")));
  EXPECT_EQ(tree_.fixed_children(path("media/films")), std::vector<std::string>{"new"});
  EXPECT_EQ(tree_.fixed_children(Path()), std::vector<std::string>{"media"});
  EXPECT_TRUE(tree_.fixed_children(path("media/films/new/x")).empty());
}

TEST(Tree, WithoutAStorageAtTheRootOtherPathsBelongToNobody) {
  Anything films;
  const Tree tree({mount("/media/films", films)});
  EXPECT_EQ(tree.locate(path("media/music")).mount, nullptr);
  EXPECT_TRUE(tree.is_fixed_directory(path("media")));
}

}  // namespace
}  // namespace balancefs::test
