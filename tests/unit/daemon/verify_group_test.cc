#include "daemon/verify_group.h"

#include <gtest/gtest.h>

namespace balancefs::test {
namespace {

NamingPlan plan() {
  Options options;
  for (const char* path :
       {"/pt", "/pt.balance1", "/media/films.balance1", "/media/films.balance2", "/alone"}) {
    options.storages.emplace_back().path = path;
  }
  return plan_groups(options);
}

TEST(VerifyGroupTest, AGroupIsNamedByItsVisiblePath) {
  const NamingPlan groups = plan();
  for (const char* name : {"/pt", "pt", "/pt/"}) {
    const auto found = group_to_verify(groups, name);
    ASSERT_TRUE(found.has_value()) << name;
    EXPECT_EQ((*found)->members, (std::vector<std::size_t>{0, 1}));
  }
  EXPECT_TRUE(group_to_verify(groups, "/media/films").has_value());
}

TEST(VerifyGroupTest, AnErrorNamesTheGroupsThatThereAre) {
  const NamingPlan groups = plan();
  EXPECT_EQ(group_to_verify(groups, "/pz").error().text,
            "'/pz': no such group; groups to compare: /media/films, /pt");
  EXPECT_EQ(group_to_verify(groups, "/alone").error().text,
            "/alone has one member only, there is nothing to compare; groups to compare: /media/films, /pt");
  EXPECT_EQ(group_to_verify(NamingPlan(), "/").error().text,
            "'/': no such group; no group of this configuration has two members");
}

}  // namespace
}  // namespace balancefs::test
