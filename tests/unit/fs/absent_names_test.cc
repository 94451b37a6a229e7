#include "fs/absent_names.h"

#include <gtest/gtest.h>

#include <vector>

namespace balancefs::test {
namespace {

Path path(std::string_view text) {
  return *Path::parse(text);
}

std::vector<std::string> taken(AbsentNames& names, const Path& below) {
  std::vector<std::string> out;
  names.take([&](const Path& name) { return name.is_within(below); },
             [&](const Path& name) { out.push_back(name.str()); });
  return out;
}

TEST(AbsentNames, AreTakenOutWhereTheyAreWanted) {
  AbsentNames names;
  for (const char* name : {"a/x", "b/y", "a/z"}) EXPECT_FALSE(names.add(path(name)).has_value());
  EXPECT_EQ(taken(names, path("a")), (std::vector<std::string>{"a/x", "a/z"}));
  EXPECT_EQ(taken(names, path("a")), std::vector<std::string>{});
  EXPECT_EQ(names.size(), 1u);
}

TEST(AbsentNames, TheOldestGoesWhenThereAreTooMany) {
  AbsentNames names(2);
  EXPECT_FALSE(names.add(path("a")).has_value());
  EXPECT_FALSE(names.add(path("b")).has_value());
  EXPECT_FALSE(names.add(path("a")).has_value()) << "told again: the youngest now";
  EXPECT_EQ(names.add(path("c")), path("b"));
  EXPECT_EQ(names.size(), 2u);
  EXPECT_EQ(taken(names, Path()), (std::vector<std::string>{"a", "c"}));
}

}  // namespace
}  // namespace balancefs::test
