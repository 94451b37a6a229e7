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
  waitpid(child, nullptr, 0);
  EXPECT_TRUE(is_being_killed(child));
}

TEST(PendingReads, AFlushGivesUpEachRangeOfItsHandleOnce) {
  PendingReads reads;
  const auto ours = std::make_shared<PendingReads::Entry>(reads, 1, 4096);
  const auto other = std::make_shared<PendingReads::Entry>(reads, 2, 4096);
  reads.flush(1);
  EXPECT_TRUE(*ours->given_up());
  EXPECT_FALSE(*other->given_up());
  const auto again = std::make_shared<PendingReads::Entry>(reads, 1, 4096);
  reads.flush(1);
  EXPECT_FALSE(*again->given_up()) << "another program's, that shares the handle";
}

}  // namespace
}  // namespace balancefs::test
