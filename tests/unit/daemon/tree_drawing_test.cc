#include "daemon/tree_drawing.h"

#include <gtest/gtest.h>

namespace balancefs::test {
namespace {

StorageOptions dav(std::string path, std::string url) {
  StorageOptions storage;
  storage.path = std::move(path);
  storage.type = "webdav";
  storage.url = std::move(url);
  return storage;
}

std::string drawn(const Options& options, const std::vector<MemberReport>& reports = {},
                  bool colours = false) {
  const NamingPlan plan = plan_groups(options);
  EXPECT_TRUE(plan.problems.empty());
  return draw_tree(options, plan, reports, colours);
}

TEST(TreeDrawing, ShowsGroupsMembersAndVirtualFolders) {
  Options options;
  options.storages.push_back(dav("/pt.balance10", "https://c.example/x"));
  options.storages.push_back(dav("/pt", "https://a.example/media"));
  options.storages.push_back(dav("/media/films", "https://f.example"));
  options.storages.push_back(dav("/pt.balance2", "https://b.example"));
  options.storages[3].weight = 2;
  options.storages[3].tier = 1;
  options.storages[3].enabled = false;
  StorageOptions local;
  local.path = "/media/own";
  local.type = "local";
  local.root = "/srv/media";
  options.storages.push_back(local);
  EXPECT_EQ(drawn(options),
            "/\n"
            "├─ media\n"
            "│  ├─ films\n"
            "│  │     • /media/films  webdav  https://f.example\n"
            "│  └─ own\n"
            "│        • /media/own  local  /srv/media\n"
            "└─ pt  3 storages, round-robin\n"
            "      • /pt            webdav  https://a.example/media\n"
            "      • /pt.balance2   webdav  https://b.example        weight 2 tier 1 drained\n"
            "      • /pt.balance10  webdav  https://c.example/x\n");
}

TEST(TreeDrawing, ShowsAStorageAtTheRootAndOneBelowAnother) {
  Options options;
  options.storages.push_back(dav("/", "https://a.example"));
  options.storages.push_back(dav("/b", "https://b.example"));
  options.storages.push_back(dav("/b/c", "https://c.example"));
  EXPECT_EQ(drawn(options),
            "/\n"
            "│  • /  webdav  https://a.example\n"
            "└─ b\n"
            "   │  • /b  webdav  https://b.example\n"
            "   └─ c\n"
            "         • /b/c  webdav  https://c.example\n");
}

TEST(TreeDrawing, MarksWhatAnswersAndWhatFailed) {
  Options options;
  options.storages.push_back(dav("/pt", "https://a.example"));
  options.storages.push_back(dav("/pt.balance1", "https://b.example"));
  const std::vector<MemberReport> reports = {
      {MemberReport::State::answers, "nginx/1.22.1; 3 names in its root"},
      {MemberReport::State::failed, "wrong user or\x1b[2J password"}};
  EXPECT_EQ(drawn(options, reports),
            "/\n"
            "└─ pt  2 storages, round-robin\n"
            "      ✓ /pt           webdav  https://a.example  nginx/1.22.1; 3 names in its root\n"
            "      ✗ /pt.balance1  webdav  https://b.example  wrong user or\\x1b[2J password\n");
}

TEST(TreeDrawing, ColoursOnlyWhenAsked) {
  Options options;
  options.storages.push_back(dav("/pt", "https://a.example"));
  const std::vector<MemberReport> reports = {{MemberReport::State::failed, "no"}};
  EXPECT_EQ(drawn(options, reports).find('\x1b'), std::string::npos);
  EXPECT_NE(drawn(options, reports, true).find("\x1b[31m✗\x1b[0m"), std::string::npos);
}

}  // namespace
}  // namespace balancefs::test
