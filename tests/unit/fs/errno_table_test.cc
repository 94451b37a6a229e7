#include "fs/errno_table.h"

#include <gtest/gtest.h>

namespace balancefs::test {
namespace {

struct Row {
  ErrorKind kind;
  int metadata;
  int read;
};

// The errno column of docs/ARCHITECTURE.md "What an error means", every row.
constexpr Row kRows[] = {
    {ErrorKind::not_found, ENOENT, ESTALE}, {ErrorKind::denied, EACCES, EACCES},
    {ErrorKind::changed, ESTALE, ESTALE},   {ErrorKind::throttled, EIO, EIO},
    {ErrorKind::unavailable, EIO, EIO},     {ErrorKind::stalled, EIO, EIO},
    {ErrorKind::timed_out, EIO, EIO},       {ErrorKind::corrupted, EIO, EIO},
    {ErrorKind::no_space, ENOSPC, ENOSPC},  {ErrorKind::too_large, EFBIG, EFBIG},
    {ErrorKind::unsupported, ENOTSUP, EIO}, {ErrorKind::cancelled, EINTR, EINTR},
};

TEST(ErrnoTable, EveryKindHasItsErrno) {
  for (const Row& row : kRows) {
    EXPECT_EQ(metadata_error(Error(row.kind, "why")).code, row.metadata) << to_string(row.kind);
    EXPECT_EQ(read_error(Error(row.kind, "why")).code, row.read) << to_string(row.kind);
  }
}

TEST(ErrnoTable, WhatIsNoFailureOfTheOutsideHasNothingToLog) {
  EXPECT_TRUE(metadata_error(Error(ErrorKind::not_found, "404")).text.empty());
  EXPECT_TRUE(metadata_error(Error(ErrorKind::cancelled, "gone")).text.empty());
  EXPECT_EQ(metadata_error(Error(ErrorKind::unavailable, "refused")).text, "unavailable: refused");
}

}  // namespace
}  // namespace balancefs::test
