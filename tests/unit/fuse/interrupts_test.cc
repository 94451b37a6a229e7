#include "fuse/interrupts.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fuse/pending_reads.h"

namespace balancefs::test {
namespace {

TEST(IsBeingKilled, OnlyWhoIsKnownToEnd) {
  EXPECT_FALSE(is_being_killed(getpid()));
  EXPECT_FALSE(is_being_killed(0)) << "a program of another pid namespace, which may be alive";
  const pid_t child = fork();
  if (child == 0) _exit(0);
  siginfo_t ended;
  waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOWAIT);
  EXPECT_TRUE(is_being_killed(child)) << "nobody has taken its status yet";
  waitpid(child, nullptr, 0);
  EXPECT_TRUE(is_being_killed(child));
}

TEST(PendingReads, AFlushGivesUpEachRangeOfItsHandleOnce) {
  constexpr pid_t self = 1000;
  PendingReads reads;
  const auto ours = std::make_shared<PendingReads::Entry>(reads, 1, 4096, self);
  const auto other = std::make_shared<PendingReads::Entry>(reads, 2, 4096, self);
  reads.flush(1, self);
  EXPECT_TRUE(*ours->given_up());
  EXPECT_FALSE(*other->given_up());
  const auto again = std::make_shared<PendingReads::Entry>(reads, 1, 4096, self);
  reads.flush(1, self);
  EXPECT_FALSE(*again->given_up()) << "another program's, that shares the handle";
}

TEST(PendingReads, AFlushOfAnotherThreadGivesUpWhatThreadsHaveAskedForThatHaveEnded) {
  const pid_t child = fork();
  if (child == 0) _exit(0);
  waitpid(child, nullptr, 0);
  PendingReads reads;
  const auto alive = std::make_shared<PendingReads::Entry>(reads, 1, 4096, getpid());
  const auto ended = std::make_shared<PendingReads::Entry>(reads, 1, 8192, child);
  const auto unknown = std::make_shared<PendingReads::Entry>(reads, 1, 12288, 0);
  reads.flush(1, getppid());
  EXPECT_FALSE(*alive->given_up()) << "a child has closed what it inherited";
  EXPECT_TRUE(*ended->given_up());
  EXPECT_FALSE(*unknown->given_up());
}

}  // namespace
}  // namespace balancefs::test
