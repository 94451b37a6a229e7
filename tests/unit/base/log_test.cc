// The log as those see it who follow its file, and what it remembers for a report.
#include "base/log.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "support/temp_folder.h"

namespace balancefs::test {
namespace {

class LogTest : public testing::Test {
 protected:
  LogTest() { log_to(scratch_.path("log"), LogLevel::trace); }
  ~LogTest() override { log_to("stderr", LogLevel::info); }
  static void log_to(const std::string& target, LogLevel level) {
    LogOptions options;
    options.target = target;
    options.level = level;
    start_logging(options, true);
  }
  std::string file() const {
    std::ifstream in(scratch_.path("log"));
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
  }

  TempFolder scratch_;
};

TEST_F(LogTest, LinesOfEveryLevelAreInTheFileAtOnce) {
  log_debug("told at {}", "debug");
  EXPECT_NE(file().find(" debug told at debug\n"), std::string::npos) << file();
  log_line(LogLevel::trace, "told at trace");
  EXPECT_NE(file().find(" trace told at trace\n"), std::string::npos) << file();
}

TEST_F(LogTest, TheLastTwoHundredLinesAreRemembered) {
  for (int i = 0; i < 300; ++i) log_info("line {}", i);
  const std::vector<std::string> lines = recent_log_lines();
  ASSERT_EQ(lines.size(), 200u);
  EXPECT_TRUE(lines.front().ends_with(" info line 100")) << lines.front();
  EXPECT_TRUE(lines.back().ends_with(" info line 299")) << lines.back();
}

TEST_F(LogTest, WhatTheLevelLeavesOutIsNotRememberedEither) {
  set_log_level(LogLevel::warning);
  log_info("nobody wants to know");
  log_warning("somebody does");
  const std::vector<std::string> lines = recent_log_lines();
  ASSERT_FALSE(lines.empty());
  EXPECT_TRUE(lines.back().ends_with(" warning somebody does")) << lines.back();
  EXPECT_EQ(file().find("nobody"), std::string::npos);
  for (const std::string& line : lines) EXPECT_EQ(line.find("nobody"), std::string::npos);
}

}  // namespace
}  // namespace balancefs::test
