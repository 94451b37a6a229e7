#include "daemon/reload_plan.h"

#include <gtest/gtest.h>

#include <functional>

namespace balancefs::test {
namespace {

Options with(const std::vector<std::string>& paths) {
  Options options;
  for (const std::string& path : paths) {
    StorageOptions storage;
    storage.path = path;
    storage.type = "webdav";
    storage.url = "http://server" + path;
    storage.line = static_cast<int>(options.storages.size()) * 10;
    options.storages.push_back(storage);
  }
  return options;
}

/// "/pt:kept /new:added -/old"
std::string story(const Options& running, const Options& wanted) {
  const ReloadPlan plan = plan_reload(running, wanted);
  std::string out;
  for (const ReloadPlan::Group& group : plan.groups) {
    const char* const fates[] = {"kept", "changed", "added"};
    out += group.planned.visible_path + ":" + fates[static_cast<int>(group.fate)] + " ";
  }
  for (const std::string& path : plan.removed) out += "-" + path + " ";
  for (const std::string& section : plan.not_applied) out += "!" + section + " ";
  return out;
}

TEST(ReloadPlan, WhatIsTheSameIsKeptWhereverItStandsInTheFile) {
  const Options running = with({"/pt", "/pt.balance1", "/other"});
  Options wanted = with({"/other", "/pt", "/pt.balance1"});
  wanted.groups["/pt"].path = "/pt";
  wanted.groups["/pt"].line = 99;
  EXPECT_EQ(story(running, wanted), "/other:kept /pt:kept ");
}

TEST(ReloadPlan, GroupsComeAndGo) {
  EXPECT_EQ(story(with({"/a", "/b"}), with({"/b", "/c"})), "/b:kept /c:added -/a ");
  EXPECT_EQ(story(Options(), with({"/a"})), "/a:added ");
}

TEST(ReloadPlan, AMemberThatComesOrGoesChangesItsGroup) {
  EXPECT_EQ(story(with({"/a"}), with({"/a", "/a.balance1"})), "/a:changed ");
  EXPECT_EQ(story(with({"/a", "/a.balance1"}), with({"/a"})), "/a:changed ");
}

TEST(ReloadPlan, EveryOptionOfAMemberOrGroupChangesIt) {
  const Options running = with({"/a", "/b"});
  const auto changed = [&](const std::function<void(Options&)>& change) {
    Options wanted = running;
    change(wanted);
    return story(running, wanted);
  };
  const std::string a_changed = "/a:changed /b:kept ";
  EXPECT_EQ(changed([](Options& o) { o.storages[0].url += "x"; }), a_changed);
  EXPECT_EQ(changed([](Options& o) { o.storages[0].weight = 2; }), a_changed);
  EXPECT_EQ(changed([](Options& o) { o.storages[0].limits.bandwidth = 1; }), a_changed);
  EXPECT_EQ(changed([](Options& o) { o.storages[0].http.password = Secret("new"); }), a_changed);
  EXPECT_EQ(changed([](Options& o) { o.groups["/a"].policy = GroupOptions::Policy::first; }), a_changed);
}

TEST(ReloadPlan, RulesOfAllGroupsChangeAllGroups) {
  const Options running = with({"/a", "/b"});
  Options wanted = running;
  wanted.metadata.ttl = 1s;
  EXPECT_EQ(story(running, wanted), "/a:changed /b:changed ");
  wanted = running;
  wanted.read.read_timeout = 1s;
  EXPECT_EQ(story(running, wanted), "/a:changed /b:changed ");
}

TEST(ReloadPlan, WhatOnlyAMountAppliesIsNamed) {
  const Options running = with({"/a"});
  Options wanted = running;
  wanted.mount.umask = 077;
  wanted.cache.size = 1;
  wanted.control.port = 1;
  wanted.log.target = "/log";
  wanted.log.level = LogOptions::Level::trace;
  EXPECT_EQ(story(running, wanted), "/a:kept ![mount] ![cache] ![control] !log.target ");
}

TEST(ReloadPlan, ASameEndpointIsTheSameServerFolderAndUser) {
  const Options options = with({"/a"});
  StorageOptions other = options.storages[0];
  other.weight = 9;
  EXPECT_TRUE(same_endpoint(options.storages[0], other));
  other.http.user = "somebody";
  EXPECT_FALSE(same_endpoint(options.storages[0], other));
}

}  // namespace
}  // namespace balancefs::test
