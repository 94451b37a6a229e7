#include "names/nfc.h"

#include <gtest/gtest.h>

#include "names/spellings.h"

namespace balancefs::test {
namespace {

constexpr const char* kComposed = "caf\u00e9";
constexpr const char* kDecomposed = "cafe\u0301";

Path path(std::string_view text) {
  return *Path::parse(text);
}

TEST(Nfc, IsOneSpellingOfEachName) {
  EXPECT_EQ(to_nfc(kDecomposed), kComposed);
  EXPECT_EQ(to_nfc(kComposed), kComposed);
  EXPECT_EQ(to_nfc("\u1112\u1161\u11ab"), "\ud55c") << "Hangul";
  EXPECT_EQ(to_nfc("a\u0323\u0307"), to_nfc("a\u0307\u0323")) << "the order of marks";
  EXPECT_EQ(to_nfc("\u212a"), "K") << "the Kelvin sign";
  EXPECT_EQ(to_nfc("\ufb01le"), "\ufb01le") << "a ligature is another name";
  EXPECT_EQ(to_nfc("Film.MKV"), "Film.MKV");
  EXPECT_EQ(to_nfc(""), "");
}

TEST(Nfc, WhatIsNoUnicodeStaysAsItIs) {
  for (const std::string& name : {std::string("\xff\xfe"), std::string("e\xcc"), std::string("\xed\xa0\x80"),
                                  std::string("cafe\u0301\x80"), std::string("\xc0\xaf")}) {
    EXPECT_EQ(to_nfc(name), name);
  }
}

TEST(Spellings, AreUsedOnEveryLevel) {
  SpellingTable table;
  Spellings top, below;
  top.emplace("\u00e9", "e\u0301");
  below.emplace("\u00fc", "u\u0308");
  table.set(Path(), top);
  table.set(path("\u00e9"), below);
  EXPECT_EQ(table.spelled(path("\u00e9/\u00fc/\u00f6")), path("e\u0301/u\u0308/\u00f6"));
  EXPECT_EQ(table.spelled(path("x/\u00e9")), path("x/\u00e9"));
  EXPECT_EQ(table.spelled(Path()), Path());
  table.set(Path(), Spellings());
  EXPECT_EQ(table.spelled(path("\u00e9/\u00fc")), path("\u00e9/u\u0308")) << "listed again";
}

TEST(Spellings, OfOneNameAreThoseOfItsFolder) {
  SpellingTable table;
  Spellings top;
  top.emplace("\u00e9", "e\u0301");
  table.set(Path(), top);
  EXPECT_EQ(table.spelled_name(Path(), "\u00e9"), "e\u0301");
  EXPECT_EQ(table.spelled_name(Path(), "\u00fc"), "\u00fc");
  EXPECT_EQ(table.spelled_name(path("a"), "\u00e9"), "\u00e9") << "nothing is known of that folder";
}

TEST(Spellings, TheFolderThatWasNotUsedForTheLongestTimeIsForgotten) {
  SpellingTable table(2, 3);
  Spellings two;
  two.emplace("\u00e9", "e\u0301");
  two.emplace("\u00fc", "u\u0308");
  table.set(path("a"), Spellings());
  table.set(path("b"), Spellings());
  table.spelled(path("a/x"));
  table.set(path("c"), Spellings());
  EXPECT_TRUE(table.knows(path("a")));
  EXPECT_FALSE(table.knows(path("b")));
  table.set(path("d"), two);
  table.set(path("e"), two);
  EXPECT_FALSE(table.knows(path("d"))) << "too many names";
  EXPECT_TRUE(table.knows(path("e")));
}

}  // namespace
}  // namespace balancefs::test
