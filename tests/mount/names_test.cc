// Names on real mounts: two spellings of one name, and one name that is a file here and a folder there.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "mount/balanced_mount.h"
#include "support/ramp_bytes.h"

namespace balancefs::test {
namespace {

constexpr const char* kComposed = "\u00e9t\u00e9";
constexpr const char* kDecomposed = "e\u0301te\u0301";
constexpr const char* kNfc = "[group.\"/pt\"]\nnames = \"nfc\"\n";

class NameSpellings : public BalancedMount {
 protected:
  /// The same film, whose name and folder the second member spells in another way.
  void start_members_that_spell_differently() {
    start_separate_members(2);
    const std::string film = ramp_bytes(0, 1U << 20U, 5);
    write_file(member(0).root() / kComposed / (std::string(kComposed) + ".mkv"), film);
    write_file(member(1).root() / kDecomposed / (std::string(kDecomposed) + ".mkv"), film);
  }
  std::string film() const { return std::string(kComposed) + "/" + kComposed + ".mkv"; }
  bool reads_film() const { return read_file(pt(film())).text == ramp_bytes(0, 1U << 20U, 5); }
};

TEST_F(NameSpellings, AreShownAsTheyAreSentWhenNothingElseIsSaid) {
  start_members_that_spell_differently();
  mount();
  EXPECT_EQ(run({"ls", pt()}).out, std::string(kDecomposed) + "\n" + kComposed + "\n");
  EXPECT_EQ(attribute(pt(film()), "user.balancefs.members").value_or(""), "/pt");
}

TEST_F(NameSpellings, AreCopiesOfOneEntryWithNfc) {
  start_members_that_spell_differently();
  mount(kNfc);
  EXPECT_EQ(run({"ls", pt()}).out, std::string(kComposed) + "\n");
  EXPECT_EQ(run({"ls", pt(kComposed)}).out, std::string(kComposed) + ".mkv\n");
  EXPECT_EQ(attribute(pt(kComposed), "user.balancefs.members").value_or(""), "/pt,/pt.balance1");
  EXPECT_EQ(attribute(pt(film()), "user.balancefs.members").value_or(""), "/pt,/pt.balance1");
  EXPECT_TRUE(reads_film());
  member(0).stop();
  app_->stop();
  app_->start();
  EXPECT_TRUE(reads_film()) << "the one that spells it otherwise has it too";
  EXPECT_EQ(source_of(film()), "/pt.balance1");
}

TEST_F(NameSpellings, OfAFileHereAndAFolderThereTheFirstMembersCounts) {
  start_separate_members(2);
  write_file(member(0).root() / "x/inner", "inner");
  write_file(member(1).root() / "x", "a file");
  write_file(member(0).root() / "y", "a file");
  write_file(member(1).root() / "y/inner", "inner");
  mount();
  EXPECT_EQ(run({"ls", pt("x")}).out, "inner\n");
  EXPECT_EQ(open_error(pt("x/nothing")), ENOENT) << "the other's file makes nothing unknown";
  EXPECT_EQ(read_file(pt("y")).text, "a file");
  EXPECT_EQ(open_error(pt("y/inner")), ENOTDIR);
  EXPECT_EQ(attribute(pt("x"), "user.balancefs.members").value_or(""), "/pt");
  member(1).stop();
  EXPECT_EQ(run({"ls", pt("x")}).out, "inner\n");
  EXPECT_EQ(open_error(pt("x/nothing2")), ENOENT);
}

}  // namespace
}  // namespace balancefs::test
