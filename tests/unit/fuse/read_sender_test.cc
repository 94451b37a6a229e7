// File data on its way to the kernel: on another thread, and what keeps it comes back to the loop.
#include "fuse/read_sender.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "support/real_loop.h"

namespace balancefs::test {
namespace {

/// libfuse's handle is opaque; here it is a number.
fuse_req_t request(std::uintptr_t number) {
  return reinterpret_cast<fuse_req_t>(number);
}

/// Notes on which thread it is let go.
class Kept {
 public:
  explicit Kept(std::vector<std::thread::id>& let_go) : let_go_(let_go) {}
  Kept(const Kept&) = delete;
  Kept& operator=(const Kept&) = delete;
  ~Kept() { let_go_.push_back(std::this_thread::get_id()); }

 private:
  std::vector<std::thread::id>& let_go_;
};

class ReadSenderTest : public testing::Test {
 protected:
  ReadReply reply() {
    ReadReply data;
    data.keep.push_back(std::make_shared<Kept>(let_go));
    return data;
  }
  static Task<Result<bool>> close(ReadSender& sender) {
    co_await sender.close();
    co_return true;
  }

  RealLoop loop;
  std::vector<std::thread::id> let_go;
};

TEST_F(ReadSenderTest, EveryAnswerIsGivenOnceInOrderAndOnAnotherThread) {
  std::vector<std::uintptr_t> sent;
  std::vector<std::thread::id> threads;
  ReadSender sender(loop.executor(), [&](fuse_req_t which, const ReadReply& data) {
    EXPECT_EQ(data.keep.size(), 1u);
    sent.push_back(reinterpret_cast<std::uintptr_t>(which));
    threads.push_back(std::this_thread::get_id());
  });
  for (std::uintptr_t i = 1; i <= 1000; ++i) sender.send(request(i), reply());
  loop.run_void(sender.close());
  ASSERT_EQ(sent.size(), 1000u);
  for (std::uintptr_t i = 0; i < 1000; ++i) EXPECT_EQ(sent[i], i + 1);
  EXPECT_EQ(std::count(threads.begin(), threads.end(), std::this_thread::get_id()), 0);
}

TEST_F(ReadSenderTest, WhatKeptTheBytesIsLetGoOnTheLoopAfterTheyWereSent) {
  std::atomic<int> sent = 0;
  ReadSender sender(loop.executor(), [&](fuse_req_t, const ReadReply&) { ++sent; });
  for (std::uintptr_t i = 1; i <= 100; ++i) sender.send(request(i), reply());
  EXPECT_TRUE(let_go.empty()) << "the loop has not run";
  loop.run_void(sender.close());
  EXPECT_EQ(sent, 100);
  EXPECT_EQ(let_go, std::vector<std::thread::id>(100, std::this_thread::get_id()));
}

TEST_F(ReadSenderTest, ClosingWaitsForAnAnswerThatTheKernelTakesItsTimeFor) {
  std::atomic<bool> may_end = false;
  std::atomic<bool> ended = false;
  ReadSender sender(loop.executor(), [&](fuse_req_t, const ReadReply&) {
    while (!may_end) std::this_thread::yield();
    ended = true;
  });
  sender.send(request(1), reply());
  Flow<Result<bool>> closing(loop.executor(), close(sender));
  loop.loop.poll();
  EXPECT_FALSE(closing.done());
  may_end = true;
  loop.run_until(closing);
  EXPECT_TRUE(ended);
}

TEST_F(ReadSenderTest, ASenderThatNobodyUsedClosesAtOnce) {
  ReadSender sender(loop.executor(), [](fuse_req_t, const ReadReply&) { FAIL(); });
  loop.run_void(sender.close());
}

}  // namespace
}  // namespace balancefs::test
