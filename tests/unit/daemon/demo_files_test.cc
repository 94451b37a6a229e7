#include "daemon/demo_files.h"

#include <gtest/gtest.h>

namespace balancefs::test {
namespace {

std::string bytes_of(const DemoFiles::Node& file, std::uint64_t offset, std::size_t count) {
  std::string out(count, '\0');
  DemoFiles::read(file, offset, out);
  return out;
}

TEST(DemoFiles, AnyRangeIsTheSameBytesAsTheWhole) {
  DemoFiles files;
  files.add_data("a/b", 5000);
  const DemoFiles::Node& file = *files.find("a/b");
  const std::string whole = bytes_of(file, 0, 5000);
  for (const std::size_t offset : {0, 1, 7, 8, 9, 4095, 4990}) {
    for (const std::size_t count : {0, 1, 3, 8, 10}) {
      EXPECT_EQ(bytes_of(file, offset, count), whole.substr(offset, count)) << offset << " " << count;
    }
  }
}

TEST(DemoFiles, EveryFileHasBytesOfItsOwnAndEveryCopyTheSame) {
  DemoFiles one;
  DemoFiles two;
  for (DemoFiles* files : {&one, &two}) {
    files->add_data("a", 100);
    files->add_data("b", 100);
  }
  EXPECT_EQ(bytes_of(*one.find("a"), 0, 100), bytes_of(*two.find("a"), 0, 100));
  EXPECT_NE(bytes_of(*one.find("a"), 0, 100), bytes_of(*one.find("b"), 0, 100));
}

TEST(DemoFiles, FoldersComeWithTheirFiles) {
  DemoFiles files;
  files.add_text("a/b/c.txt", "text");
  files.add_text("a-b", "a name that sorts between the folder and its entries");
  EXPECT_EQ(files.children(""), (std::vector<std::string>{"a", "a-b"}));
  EXPECT_EQ(files.children("a"), (std::vector<std::string>{"b"}));
  EXPECT_EQ(files.find("a/b")->type, ObjectType::directory);
  EXPECT_EQ(bytes_of(*files.find("a/b/c.txt"), 1, 2), "ex");
  EXPECT_EQ(files.find("a/none"), nullptr);
}

}  // namespace
}  // namespace balancefs::test
