#include "balance/naming.h"

#include <gtest/gtest.h>

namespace balancefs::test {
namespace {

using Lines = std::vector<std::string>;

/// Whether there are as many lines as `parts`, each with its part.
::testing::AssertionResult say(const Lines& lines, const Lines& parts) {
  bool right = lines.size() == parts.size();
  for (std::size_t i = 0; right && i < parts.size(); ++i)
    right = lines[i].find(parts[i]) != std::string::npos;
  if (right) return ::testing::AssertionSuccess();
  ::testing::AssertionResult result = ::testing::AssertionFailure();
  for (const std::string& line : lines) result << "\n" << line;
  return result;
}
::testing::AssertionResult says(const std::string& line, const std::string& part) {
  return say({line}, {part});
}

Options with_paths(const std::vector<std::string>& paths) {
  Options options;
  for (const std::string& path : paths) {
    StorageOptions storage;
    storage.path = path;
    storage.type = "webdav";
    storage.url = "https://host" + std::to_string(options.storages.size()) + ".example.com/dav";
    storage.line = static_cast<int>(options.storages.size()) + 1;
    options.storages.push_back(storage);
  }
  return options;
}

/// "/pt: /pt /pt.balance1" per group.
std::vector<std::string> drawn(const Options& options, const NamingPlan& plan) {
  std::vector<std::string> lines;
  for (const auto& group : plan.groups) {
    std::string line = group.visible_path + ":";
    for (const std::size_t index : group.members) line += " " + options.storages[index].path;
    lines.push_back(line);
  }
  return lines;
}

std::vector<std::string> groups_of(const std::vector<std::string>& paths) {
  const Options options = with_paths(paths);
  const NamingPlan plan = plan_groups(options);
  for (const auto& problem : plan.problems) ADD_FAILURE() << problem.text;
  return drawn(options, plan);
}

std::string only_problem(const Options& options) {
  const NamingPlan plan = plan_groups(options);
  EXPECT_EQ(plan.problems.size(), 1u);
  return plan.problems.empty() ? "" : plan.problems.front().text;
}

std::vector<std::string> warnings_of(const std::vector<std::string>& paths) {
  return plan_groups(with_paths(paths)).warnings;
}

TEST(Naming, SuffixesJoinTheGroupOfThePathWithoutThem) {
  EXPECT_EQ(groups_of({"/pt", "/pt.balance1", "/pt.balance2", "/other"}),
            (Lines{"/other: /other", "/pt: /pt /pt.balance1 /pt.balance2"}));
}

TEST(Naming, TheBaseComesFirstThenNumbersAsNumbersThenNames) {
  EXPECT_EQ(
      groups_of({"/pt.balance_b", "/pt.balance10", "/pt.balance", "/pt.balance2", "/pt.balance_a", "/pt"}),
      (Lines{"/pt: /pt /pt.balance2 /pt.balance10 /pt.balance /pt.balance_a /pt.balance_b"}));
}

TEST(Naming, NumbersMayBeHugeAndHaveLeadingZeros) {
  EXPECT_EQ(groups_of({"/pt.balance99999999999999999999999", "/pt.balance007", "/pt.balance0",
                       "/pt.balance100000000000000000000000", "/pt.balance8"}),
            (Lines{"/pt: /pt.balance0 /pt.balance007 /pt.balance8 /pt.balance99999999999999999999999 "
                   "/pt.balance100000000000000000000000"}));
}

TEST(Naming, AGroupNeedsNoBaseMember) {
  EXPECT_EQ(groups_of({"/pt.balance2", "/pt.balance1"}), (Lines{"/pt: /pt.balance1 /pt.balance2"}));
}

TEST(Naming, TheRootMayBeAGroup) {
  EXPECT_EQ(groups_of({"/.balance1", "/", "/.balance_x"}), (Lines{"/: / /.balance1 /.balance_x"}));
}

TEST(Naming, GroupsSitAtAnyDepth) {
  EXPECT_EQ(groups_of({"/media/films.balance1", "/media/films", "/media"}),
            (Lines{"/media: /media", "/media/films: /media/films /media/films.balance1"}));
}

TEST(Naming, OtherSpellingsAreDirectoriesOfTheirOwn) {
  EXPECT_EQ(groups_of({"/pt", "/ptnc1", "/pt.nc1", "/pt.balanced", "/pt.balance1x", "/pt.balance_",
                       "/pt.Balance1"}),
            (Lines{"/pt: /pt", "/pt.Balance1: /pt.Balance1", "/pt.balance1x: /pt.balance1x",
                   "/pt.balance_: /pt.balance_", "/pt.balanced: /pt.balanced", "/pt.nc1: /pt.nc1",
                   "/ptnc1: /ptnc1"}));
}

TEST(Naming, ASuffixInAnotherComponentIsAProblemThatSaysHowToWriteIt) {
  EXPECT_TRUE(says(only_problem(with_paths({"/pt.balance1/sub"})), "'/pt.balance1/sub'"));
  EXPECT_TRUE(says(only_problem(with_paths({"/pt.balance1/sub"})), "write '/pt/sub.balance1'"));
  EXPECT_TRUE(
      says(only_problem(with_paths({"/pt.balance1/sub/deep.balance2"})), "write '/pt/sub/deep.balance1'"));
  EXPECT_TRUE(says(only_problem(with_paths({"/pt.balance1.balance2"})), "once"));
  EXPECT_TRUE(says(only_problem(with_paths({"/media/.balance1"})), "write '/media.balance1'"));
}

TEST(Naming, TwoStoragesAtOnePathAreAProblemWithItsLine) {
  const NamingPlan plan = plan_groups(with_paths({"/pt", "/x", "/pt"}));
  ASSERT_EQ(plan.problems.size(), 1u);
  EXPECT_EQ(plan.problems[0].line, 3);
  EXPECT_TRUE(says(plan.problems[0].text, "'/pt'"));
  EXPECT_TRUE(says(plan.problems[0].text, "line 1"));
  EXPECT_TRUE(says(plan.problems[0].text, "'/pt.balance1'"));
}

TEST(Naming, AGroupTableNeedsStorages) {
  Options options = with_paths({"/pt", "/pt.balance1"});
  options.groups["/pt"] = GroupOptions();
  EXPECT_TRUE(plan_groups(options).problems.empty());
  options.groups["/pt.balance1"] = GroupOptions();
  EXPECT_TRUE(says(only_problem(options), "write [group.\"/pt\"]"));
  options.groups.erase("/pt.balance1");
  options.groups["/films"] = GroupOptions();
  EXPECT_TRUE(says(only_problem(options), "no storage has this visible path"));
}

TEST(Naming, AllProblemsAreToldAtOnce) {
  EXPECT_EQ(plan_groups(with_paths({"/a.balance1/x", "/b", "/b", "/c.balance2/y"})).problems.size(), 3u);
}

TEST(Naming, WhatLooksLikeAMisspelledSuffixGetsAWarningWithTheRightOne) {
  EXPECT_TRUE(say(warnings_of({"/pt", "/ptnc1"}), {"write '/pt.balance1'"}));
  EXPECT_TRUE(say(warnings_of({"/pt", "/pt.nc3"}), {"write '/pt.balance3'"}));
  EXPECT_TRUE(say(warnings_of({"/pt.balanced"}), {"write '/pt.balance1'"}));
  EXPECT_TRUE(say(warnings_of({"/pt.Balance2"}), {"write '/pt.balance2'"}));
  EXPECT_TRUE(say(warnings_of({"/pt.balence2"}), {"write '/pt.balance2'"}));
  EXPECT_TRUE(say(warnings_of({"/pt.balance-2"}), {"write '/pt.balance2'"}));
  EXPECT_TRUE(say(warnings_of({"/pt-balance1", "/pt.balance1"}), {"write '/pt.balance2'"}));
  EXPECT_TRUE(say(warnings_of({"/pt.balance_"}), {"write '/pt.balance1'"}));
  EXPECT_TRUE(say(warnings_of({"/pt", "/ptbalance1"}), {"write '/pt.balance1'"}));
}

TEST(Naming, OrdinaryNamesGetNoWarning) {
  EXPECT_TRUE(
      warnings_of({"/pt", "/pt.balance1", "/photos", "/ptarmigan", "/films.2024", "/my.folder1", "/pt/pt1"})
          .empty());
}

TEST(Naming, TheSameEndpointTwiceInAGroupGetsAWarning) {
  Options options = with_paths({"/pt", "/pt.balance1", "/elsewhere"});
  options.storages[0].url = "https://DAV.example.com/a%20b";
  options.storages[1].url = "HTTPS://dav.example.com:443/a b";
  options.storages[2].url = "https://dav.example.com/a b";
  EXPECT_TRUE(say(plan_groups(options).warnings, {"'/pt'"}));
  EXPECT_TRUE(say(plan_groups(options).warnings, {"'/pt.balance1'"}));
  EXPECT_TRUE(say(plan_groups(options).warnings, {"same endpoint"}));
  options.storages[1].url = "https://dav.example.com:8443/a b";
  EXPECT_TRUE(plan_groups(options).warnings.empty());
}

TEST(Naming, AUrlThatNestsBalanceGetsAWarning) {
  Options options = with_paths({"/pt"});
  options.storages[0].url = "https://alist.example.com/dav/pt.balance1";
  EXPECT_TRUE(say(plan_groups(options).warnings, {"balance belongs at the top"}));
}

}  // namespace
}  // namespace balancefs::test
