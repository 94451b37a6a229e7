#include "io/disk_version.h"

#include <gtest/gtest.h>

namespace balancefs::test {
namespace {

using Standing = Version::Standing;

Validator tag(const std::string& etag) {
  return Validator(etag, std::nullopt);
}

ObjectInfo copy(MemberIndex member, const std::string& etag) {
  ObjectInfo info;
  info.member = member;
  info.size = 1000;
  info.validator = tag(etag);
  return info;
}

std::shared_ptr<Version> version(std::vector<ObjectInfo> copies) {
  static std::uint64_t next = 1;
  return std::make_shared<Version>(next++, *Path::parse("a"), std::move(copies));
}

const FileOrigin kBoth("pt/a", {"/pt", "/pt.balance1"});
const FileOrigin kSwapped("pt/a", {"/pt.balance1", "/pt"});

DiskHeader written() {
  const auto first = version({copy(0, "\"a\""), copy(1, "\"b\"")});
  EXPECT_TRUE(first->confirm("0/direct/one", tag("\"x\"")));
  EXPECT_TRUE(first->confirm("1/redirect/cdn", tag("\"y\"")));
  first->set_proven(0);
  return describe(*first, kBoth, DiskHeader());
}

TEST(DiskVersion, IsToldByNameWhatAnEarlierRunKnew) {
  const DiskHeader header = written();
  const auto next =
      version({copy(0, "\"b\""), copy(1, "\"a\"")});  // the configuration has them the other way
  ASSERT_TRUE(may_join(*next, header, kSwapped));
  restore(*next, header, kSwapped);
  EXPECT_EQ(next->standing(1), Standing::proven);
  EXPECT_EQ(next->standing(0), Standing::unproven);
  EXPECT_FALSE(next->confirm("1/direct/one", tag("\"other\"")));
  EXPECT_FALSE(next->confirm("0/redirect/cdn", tag("\"other\"")));
  EXPECT_TRUE(next->confirm("0/direct/one", tag("\"anything\""))) << "a source that nobody knew";
}

TEST(DiskVersion, AMemberThatShowsAnotherCopyIsUnknown) {
  const DiskHeader header = written();
  const auto next = version({copy(1, "\"b\""), copy(0, "\"changed\"")});
  restore(*next, header, kBoth);
  EXPECT_EQ(next->standing(0), Standing::unproven);
  EXPECT_TRUE(next->confirm("0/direct/one", tag("\"other\"")));
  EXPECT_FALSE(next->confirm("1/redirect/cdn", tag("\"other\"")));
}

TEST(DiskVersion, WhatIsKnownOfAMemberThatIsDownIsKept) {
  const DiskHeader header = written();
  const auto next = version({copy(1, "\"b\"")});
  restore(*next, header, kBoth);
  const DiskHeader again = describe(*next, kBoth, header);
  ASSERT_EQ(again.copies.size(), 2u);
  EXPECT_EQ(again.copies[0].member, "/pt.balance1");
  EXPECT_EQ(again.copies[1].member, "/pt");
  EXPECT_EQ(again.pins.size(), 2u);
  EXPECT_EQ(again.proven, (std::vector<std::string>{"/pt"}));
  EXPECT_EQ(describe(*next, kBoth, again), again);
}

TEST(DiskVersion, ThatHasBytesAlreadyIsJoinedOnlyWhenTheyAreOfThatState) {
  const DiskHeader header = written();
  const auto confirmed = version({copy(0, "\"a\"")});
  EXPECT_TRUE(confirmed->confirm("0/direct/one", tag("\"x\"")));
  confirmed->set_proven(0);
  EXPECT_TRUE(may_join(*confirmed, header, kBoth));

  const auto contradicted = version({copy(0, "\"a\"")});
  EXPECT_TRUE(contradicted->confirm("0/direct/one", tag("\"z\"")));
  EXPECT_FALSE(may_join(*contradicted, header, kBoth));

  const auto elsewhere = version({copy(0, "\"a\"")});
  EXPECT_TRUE(elsewhere->confirm("0/direct/two", tag("\"x\"")));
  EXPECT_FALSE(may_join(*elsewhere, header, kBoth)) << "nothing says that it is the same";

  const auto never_compared = version({copy(0, "\"a\""), copy(1, "\"b\"")});
  EXPECT_TRUE(never_compared->confirm("1/redirect/cdn", tag("\"y\"")));
  never_compared->set_proven(1);
  EXPECT_FALSE(may_join(*never_compared, header, kBoth)) << "that member answered then, and showed nothing";

  const auto silent = version({copy(0, "\"a\"")});
  silent->set_proven(0);
  EXPECT_FALSE(may_join(*silent, header, kBoth)) << "its bytes were never compared";
}

TEST(DiskVersion, ASpareSampleEndsWhereTheReadBeginsWherePossible) {
  const auto one = version({copy(0, "\"a\"")});
  EXPECT_FALSE(one->spare_sample(0, 10));
  HeldBytes::Sample sample;
  sample.offset = 100;
  for (int i = 0; i < 50; ++i) sample.bytes.push_back(static_cast<std::byte>(i));
  one->set_spare_sample(sample);
  const auto adjoining = one->spare_sample(150, 10);
  ASSERT_TRUE(adjoining);
  EXPECT_EQ(adjoining->offset, 140u);
  EXPECT_EQ(adjoining->bytes.front(), std::byte{40});
  const auto other = one->spare_sample(7, 10);
  ASSERT_TRUE(other);
  EXPECT_EQ(other->offset, 100u);
  EXPECT_EQ(other->bytes.size(), 10u);
  one->follow();
  EXPECT_FALSE(one->spare_sample(150, 10));
}

}  // namespace
}  // namespace balancefs::test
