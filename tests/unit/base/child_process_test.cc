#include "base/child_process.h"

#include <gtest/gtest.h>
#include <sys/wait.h>

namespace balancefs::test {
namespace {

ChildCommand shell(std::string script) {
  ChildCommand command;
  command.argv = {"/bin/sh", "-c", std::move(script)};
  return command;
}

TEST(ChildProcess, GivesOutputAndStatus) {
  const auto outcome = run_child(shell("printf hello; exit 3"));
  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(outcome->output, "hello");
  EXPECT_EQ(outcome->exit_status, 3);
}

TEST(ChildProcess, CountsSignalsAsShellsDo) {
  const auto outcome = run_child(shell("kill -TERM $$"));
  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(outcome->exit_status, 128 + 15);
}

TEST(ChildProcess, CollectsStandardErrorWhenAsked) {
  ChildCommand command = shell("echo out; echo err >&2");
  command.collect_stderr = true;
  const auto outcome = run_child(command);
  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(outcome->output, "out\nerr\n");
}

TEST(ChildProcess, HasNoStandardInput) {
  const auto outcome = run_child(shell("cat"));
  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(outcome->output, "");
}

TEST(ChildProcess, IsKilledWithItsChildrenAfterTheTimeout) {
  for (const char* script : {"sleep 600", "sleep 600 & sleep 600", "exec >&-; sleep 600"}) {
    ChildCommand command = shell(script);
    command.timeout = std::chrono::milliseconds(100);
    const auto outcome = run_child(command);
    ASSERT_FALSE(outcome.has_value()) << script;
    EXPECT_EQ(outcome.error().kind, ErrorKind::timed_out) << script;
    EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "no child is left";
  }
}

TEST(ChildProcess, RefusesEndlessOutput) {
  const auto outcome = run_child(shell("yes"));
  ASSERT_FALSE(outcome.has_value());
  EXPECT_EQ(outcome.error().kind, ErrorKind::too_large);
}

TEST(ChildProcess, NamesAProgramThatIsNotThere) {
  ChildCommand command;
  command.argv = {"balancefs-no-such-program"};
  const auto outcome = run_child(command);
  ASSERT_FALSE(outcome.has_value());
  EXPECT_EQ(outcome.error().kind, ErrorKind::unavailable);
  EXPECT_NE(outcome.error().text.find("balancefs-no-such-program"), std::string::npos);
}

}  // namespace
}  // namespace balancefs::test
