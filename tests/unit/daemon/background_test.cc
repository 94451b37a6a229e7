// Forks for real: each test runs in a child that plays the program, with pipes for its standard output and
// error.
#include "daemon/background.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <functional>
#include <string>

#include "support/temp_folder.h"

namespace balancefs::test {
namespace {

struct Pipe {
  Pipe() { EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0); }
  ~Pipe() {
    close_end(0);
    close_end(1);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  void close_end(int end) {
    if (ends[static_cast<std::size_t>(end)] >= 0) ::close(ends[static_cast<std::size_t>(end)]);
    ends[static_cast<std::size_t>(end)] = -1;
  }
  std::string read_to_end() {
    std::string text;
    std::array<char, 256> buffer;
    for (ssize_t count = 1; count > 0;) {
      count = ::read(ends[0], buffer.data(), buffer.size());
      if (count > 0) text.append(buffer.data(), static_cast<std::size_t>(count));
    }
    return text;
  }
  std::array<int, 2> ends = {-1, -1};
};

struct Outcome {
  int status = -1;
  std::string error;
};

/// Runs `daemon` as the background side of a program and gives what the program's caller sees.
Outcome start(const std::function<void(StartReport)>& daemon) {
  Pipe error;
  const pid_t program = ::fork();
  if (program == 0) {
    ::dup2(error.ends[1], STDERR_FILENO);
    auto side = fork_into_background();
    if (!side) ::_exit(99);
    if (side->exit_status) ::_exit(*side->exit_status);
    daemon(std::move(side->report));
    ::_exit(0);
  }
  error.close_end(1);
  Outcome outcome;
  outcome.error = error.read_to_end();
  ::waitpid(program, &outcome.status, 0);
  outcome.status = WEXITSTATUS(outcome.status);
  return outcome;
}

TEST(Background, TheCallerGoesOnOnceTheDaemonIsReady) {
  const TempFolder folder;
  const std::string pid_file = folder.path("pid");
  Pipe inherited;
  const Outcome outcome = start([&](StartReport report) {
    std::ofstream(pid_file) << ::getpid() << std::flush;
    report.ready();
    ::pause();  // the caller sees the end of its pipes while this goes on
  });
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.error, "");
  inherited.close_end(1);
  EXPECT_EQ(inherited.read_to_end(), "") << "other descriptors of the caller are let go of as well";
  pid_t daemon = 0;
  std::ifstream(pid_file) >> daemon;
  ASSERT_GT(daemon, 1);
  EXPECT_EQ(::kill(daemon, SIGKILL), 0);
}

TEST(Background, TheCallerGetsTheReasonAndTheStatusOfAFailure) {
  const Outcome outcome = start([](StartReport report) { report.failed(2, "no such\nplace"); });
  EXPECT_EQ(outcome.status, 2);
  EXPECT_EQ(outcome.error, "balancefs: no such\\x0aplace\n");
}

TEST(Background, ADaemonThatDiesIsReported) {
  const Outcome killed = start([](StartReport) { ::raise(SIGKILL); });
  EXPECT_EQ(killed.status, 1);
  EXPECT_EQ(killed.error, "balancefs: the daemon was ended by signal 9 before the mount was ready\n");
  const Outcome ended = start([](StartReport) { ::_exit(7); });
  EXPECT_EQ(ended.status, 1);
  EXPECT_EQ(ended.error, "balancefs: the daemon ended with status 7 before the mount was ready\n");
}

TEST(Background, TheDaemonHasASessionOfItsOwnAndNoFolder) {
  const Outcome outcome = start([](StartReport report) {
    std::array<char, 64> folder = {};
    const bool own = ::getsid(0) == ::getpid() && ::getcwd(folder.data(), folder.size()) != nullptr;
    report.failed(own && std::string(folder.data()) == "/" ? 3 : 4, "");
  });
  EXPECT_EQ(outcome.status, 3);
}

TEST(Background, ADaemonWhoseCallerLeftIsNotWanted) {
  Pipe answer;
  const pid_t program = ::fork();
  if (program == 0) {
    // As fork_into_background does, but with a parent that leaves without reading.
    std::array<int, 2> report = {-1, -1};
    EXPECT_EQ(::pipe(report.data()), 0);
    ::signal(SIGPIPE, SIG_IGN);
    ::close(report[0]);
    StartReport start_report(report[1]);
    const bool wanted = start_report.ready();
    static_cast<void>(::write(answer.ends[1], wanted ? "yes" : "no", wanted ? 3 : 2));
    ::_exit(0);
  }
  answer.close_end(1);
  EXPECT_EQ(answer.read_to_end(), "no");
  ::waitpid(program, nullptr, 0);
}

TEST(StartReport, InTheForegroundSaysNothingWhenReady) {
  StartReport report;
  EXPECT_FALSE(report.done());
  EXPECT_TRUE(report.ready());
  EXPECT_TRUE(report.done());
}

}  // namespace
}  // namespace balancefs::test
