// The first minute: `balancefs demo` tells its story without a terminal, holds every step and leaves nothing
// behind.
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <string>

#include "support/mounted_app.h"
#include "support/program.h"
#include "support/temp_folder.h"

namespace balancefs::test {
namespace {

using namespace std::chrono_literals;

class DemoTest : public MountTest {
 protected:
  std::vector<std::string> demo(std::vector<std::string> more = {}) const {
    std::vector<std::string> command = {"env", "TMPDIR=" + temporary.path(), BALANCEFS_BINARY, "demo"};
    command.insert(command.end(), more.begin(), more.end());
    return command;
  }
  void expect_nothing_left() const {
    EXPECT_TRUE(std::filesystem::is_empty(temporary.path())) << "temporary files stay";
  }
  std::size_t times(const std::string& text, const std::string& word) const {
    std::size_t count = 0;
    for (std::size_t at = text.find(word); at != text.npos; at = text.find(word, at + 1)) ++count;
    return count;
  }

  TempFolder temporary;
};

TEST_F(DemoTest, HoldsEveryStepAndEndsByItself) {
  const ProgramResult result = run(demo());
  EXPECT_EQ(result.status, 0) << result.text();
  EXPECT_EQ(times(result.out, "served by "), 3u) << result.text();
  for (const char* storage : {"served by one\n", "served by two\n", "served by three\n"}) {
    EXPECT_EQ(times(result.out, storage), 1u) << storage << result.text();
  }
  EXPECT_EQ(times(result.out, "Killed."), 1u) << result.text();
  EXPECT_NE(result.out.find("read to its end: 96.0 MiB"), std::string::npos) << result.text();
  EXPECT_EQ(result.out.find('\033'), std::string::npos) << "no colours without a terminal";
  expect_nothing_left();
}

TEST_F(DemoTest, UsesAGivenMountpointAndLeavesItThere) {
  std::filesystem::create_directory(temporary.path("here"));
  const ProgramResult result = run(demo({temporary.path("here")}));
  EXPECT_EQ(result.status, 0) << result.text();
  EXPECT_NE(result.out.find(temporary.path("here") + "/library"), std::string::npos);
  EXPECT_EQ(mounted_type(temporary.path("here")), "");
  EXPECT_TRUE(std::filesystem::remove(temporary.path("here")));
  expect_nothing_left();
}

TEST_F(DemoTest, CleansUpWhenEndedInTheMiddle) {
  for (const int number : {SIGINT, SIGTERM}) {
    Program program(demo());
    EXPECT_TRUE(
        eventually([&] { return program.out().find("Killed.") != std::string::npos; }, kProgramLimit));
    program.signal(number);
    const ProgramResult result = program.finish(kProgramLimit);
    EXPECT_TRUE(result.status == 128 + number || result.status == 0) << result.text();
    EXPECT_FALSE(result.timed_out);
    expect_nothing_left();
  }
}

TEST_F(DemoTest, SaysWhyItCannotMount) {
  const ProgramResult result = run(demo({temporary.path("missing")}));
  EXPECT_EQ(result.status, 1) << result.text();
  EXPECT_NE(result.out.find("failed"), std::string::npos) << result.text();
  expect_nothing_left();
}

}  // namespace
}  // namespace balancefs::test
