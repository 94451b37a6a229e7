#include "base/repeated_lines.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/request_id.h"

namespace balancefs::test {
namespace {

using namespace std::chrono_literals;
using Level = LogOptions::Level;

TimePoint at(Duration after) {
  return TimePoint(after);
}

std::vector<std::string> texts(const std::vector<RepeatedLines::Line>& lines) {
  std::vector<std::string> result;
  for (const auto& line : lines) result.push_back(line.text);
  return result;
}
using Texts = std::vector<std::string>;

TEST(RepeatedLinesTest, WhatDiffersInTheIdAloneIsCountedAndTheLastIdTold) {
  RepeatedLines lines;
  EXPECT_EQ(texts(lines.add(Level::info, "refused [#1]", at(0s))), Texts{"refused [#1]"});
  for (int id = 2; id <= 9; ++id)
    EXPECT_EQ(texts(lines.add(Level::info, fmt::format("refused [#{}]", id), at(1s))), Texts{});
  EXPECT_EQ(texts(lines.add(Level::info, "timed out [#a]", at(2s))), Texts{"timed out [#a]"});
  EXPECT_EQ(texts(lines.due(at(9min))), Texts{});
  EXPECT_EQ(texts(lines.due(at(10min))), Texts{"refused [#9] (the last of 8 like it)"});
  EXPECT_EQ(texts(lines.add(Level::info, "refused [#b]", at(11min))), Texts{"refused [#b]"}) << "anew";
}

TEST(RepeatedLinesTest, OneRepetitionIsWrittenAsItWas) {
  RepeatedLines lines;
  lines.add(Level::warning, "refused [#1]", at(0s));
  lines.add(Level::warning, "refused [#2]", at(1s));
  EXPECT_EQ(texts(lines.take_all()), Texts{"refused [#2]"});
  EXPECT_EQ(texts(lines.take_all()), Texts{});
}

TEST(RepeatedLinesTest, RemembersSoManyDifferentLinesAndLosesNoCount) {
  RepeatedLines lines;
  lines.add(Level::info, "first [#1]", at(0s));
  lines.add(Level::info, "first [#2]", at(0s));
  lines.add(Level::info, "first [#3]", at(0s));
  for (std::size_t i = 1; i < RepeatedLines::kMost; ++i)
    EXPECT_EQ(lines.add(Level::info, std::to_string(i), at(0s)).size(), 1u);
  EXPECT_EQ(texts(lines.add(Level::info, "one more", at(0s))),
            (Texts{"first [#3] (the last of 2 like it)", "one more"}));
}

TEST(RequestIdTest, MarksAreFoundAndNothingElse) {
  EXPECT_EQ(request_id_text(0), "");
  EXPECT_EQ("x" + request_id_mark(0x1a2b), "x [#1a2b]");
  EXPECT_EQ(request_id_mark(0), "");
  EXPECT_EQ(without_request_ids("/pt: refused [#1a2b], again [#2]"), "/pt: refused, again");
  for (const char* text : {"", "a [#]", "a [#xyz]", "a [#12", "a [#", "[#12]", " [#g]"})
    EXPECT_EQ(without_request_ids(text), text);
  EXPECT_NE(next_request_id(), next_request_id());
}

}  // namespace
}  // namespace balancefs::test
