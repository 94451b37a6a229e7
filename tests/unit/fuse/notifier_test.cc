#include "fuse/notifier.h"

#include <gtest/gtest.h>

#include <asio/io_context.hpp>

#include "base/loop_clock.h"

namespace balancefs::test {
namespace {

using namespace std::chrono_literals;
using Sent = std::vector<std::pair<std::uint64_t, std::string>>;

/// The kernel's side: takes names, and holds its caller back while told to.
class Kernel {
 public:
  Notifier::Send take() {
    return [this](std::uint64_t parent, const std::string& name, Notifier::Order order) {
      std::unique_lock lock(mutex_);
      sent_.emplace_back(parent, name);
      orders_.push_back(order);
      changed_.notify_all();
      changed_.wait(lock, [this] { return !holding_; });
    };
  }
  void hold() { set(true); }
  void let_go() { set(false); }
  Sent sent() {
    const std::lock_guard lock(mutex_);
    return sent_;
  }
  std::vector<Notifier::Order> orders() {
    const std::lock_guard lock(mutex_);
    return orders_;
  }
  /// Waits for so many names, and then a little for one too many.
  Sent wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, 10s, [&] { return sent_.size() >= count; });
    changed_.wait_for(lock, 20ms, [&] { return sent_.size() > count; });
    return sent_;
  }

 private:
  void set(bool holding) {
    const std::lock_guard lock(mutex_);
    holding_ = holding;
    changed_.notify_all();
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  Sent sent_;
  std::vector<Notifier::Order> orders_;
  bool holding_ = false;
};

class NotifierTest : public testing::Test {
 protected:
  NotifierTest() : notifier_(loop_.get_executor(), kernel_.take()) {}
  static Task<Result<bool>> told(Notifier& notifier, Clock& clock) {
    co_return co_await notifier.told(clock, clock.now() + 10s);
  }
  bool ends(const Flow<Result<bool>>& flow, std::chrono::milliseconds limit) {
    const auto until = std::chrono::steady_clock::now() + limit;
    while (!flow.done() && std::chrono::steady_clock::now() < until) {
      loop_.restart();
      loop_.run_for(1ms);
    }
    return flow.done();
  }
  static Task<Result<void>> closed(Notifier& notifier) {
    co_await notifier.close();
    co_return Result<void>();
  }

  asio::io_context loop_;
  Kernel kernel_;
  Notifier notifier_;
};

TEST_F(NotifierTest, NamesOfADirectoryWaitForItsAnswers) {
  auto first = std::make_unique<Notifier::Busy>(notifier_, 7);
  auto second = std::make_unique<Notifier::Busy>(notifier_, 7);
  notifier_.invalidate_entries(7, {"late"});
  notifier_.invalidate_entries(8, {"other"});
  EXPECT_EQ(kernel_.wait_for(1), (Sent{{8, "other"}}));
  first.reset();
  EXPECT_EQ(kernel_.wait_for(1).size(), 1u);
  second.reset();
  EXPECT_EQ(kernel_.wait_for(2), (Sent{{8, "other"}, {7, "late"}}));
}

TEST_F(NotifierTest, ANameThatWasQueuedBeforeTheQuestionWaitsToo) {
  kernel_.hold();
  notifier_.invalidate_entries(7, {"slow"});
  EXPECT_EQ(kernel_.wait_for(1).size(), 1u);
  notifier_.invalidate_entries(8, {"queued"});
  auto busy = std::make_unique<Notifier::Busy>(notifier_, 8);
  kernel_.let_go();
  EXPECT_EQ(kernel_.wait_for(1).size(), 1u);
  busy.reset();
  EXPECT_EQ(kernel_.wait_for(2), (Sent{{7, "slow"}, {8, "queued"}}));
}

TEST_F(NotifierTest, ANameThatIsQueuedAlreadyIsSentOnce) {
  kernel_.hold();
  notifier_.invalidate_entries(7, {"first"});
  EXPECT_EQ(kernel_.wait_for(1).size(), 1u);
  for (int i = 0; i < 3; ++i) notifier_.invalidate_entries(7, {"often"});
  notifier_.invalidate_entries(8, {"often"});
  notifier_.invalidate_entries(7, {"first"});  // changed again while it was being sent
  kernel_.let_go();
  EXPECT_EQ(kernel_.wait_for(4), (Sent{{7, "first"}, {7, "often"}, {8, "often"}, {7, "first"}}));
}

TEST_F(NotifierTest, NamesThatChangeTogetherAreSentInTheirOrderAndEachOnce) {
  kernel_.hold();
  notifier_.invalidate_entries(7, {"first"});
  EXPECT_EQ(kernel_.wait_for(1).size(), 1u);
  notifier_.invalidate_entries(7, {"b", "c"});
  notifier_.invalidate_entries(7, {"a", "b", "d"});
  kernel_.let_go();
  EXPECT_EQ(kernel_.wait_for(5), (Sent{{7, "first"}, {7, "b"}, {7, "c"}, {7, "a"}, {7, "d"}}));
}

TEST_F(NotifierTest, ANameThatWaitsForAnswersIsSentOnce) {
  auto busy = std::make_unique<Notifier::Busy>(notifier_, 7);
  for (int i = 0; i < 3; ++i) notifier_.invalidate_entries(7, {"often"});
  EXPECT_EQ(kernel_.wait_for(0).size(), 0u);
  for (int i = 0; i < 3; ++i) notifier_.invalidate_entries(7, {"often"});
  busy.reset();
  EXPECT_EQ(kernel_.wait_for(1), (Sent{{7, "often"}}));
}

TEST_F(NotifierTest, NamesExpireAsWhatTheyAre) {
  notifier_.expire_entry(7, "file", ObjectType::file);
  notifier_.expire_entry(7, "folder", ObjectType::directory);
  notifier_.invalidate_entries(7, {"file"});
  EXPECT_EQ(kernel_.wait_for(3), (Sent{{7, "file"}, {7, "folder"}, {7, "file"}}));
  EXPECT_EQ(kernel_.orders(),
            (std::vector<Notifier::Order>{Notifier::Order::expire_file, Notifier::Order::expire_directory,
                                          Notifier::Order::drop}));
}

TEST_F(NotifierTest, WhoWaitsUntilTheKernelIsToldWaitsForTheNameThatIsBeingSentToo) {
  LoopClock clock(loop_);
  kernel_.hold();
  notifier_.invalidate_entries(7, {"first"});
  kernel_.wait_for(1);
  Flow<Result<bool>> flow(loop_.get_executor(), told(notifier_, clock));
  EXPECT_FALSE(ends(flow, 30ms));
  notifier_.invalidate_entries(7, {"later"});
  kernel_.let_go();
  ASSERT_TRUE(ends(flow, 10s));
  EXPECT_TRUE(flow.take().value_or(false));
}

TEST_F(NotifierTest, WhoWaitsDoesNotWaitForABusyDirectory) {
  LoopClock clock(loop_);
  const Notifier::Busy busy(notifier_, 7);
  notifier_.expire_entry(7, "late", ObjectType::file);
  notifier_.expire_entry(8, "now", ObjectType::file);
  Flow<Result<bool>> flow(loop_.get_executor(), told(notifier_, clock));
  ASSERT_TRUE(ends(flow, 10s));
  EXPECT_EQ(kernel_.sent(), (Sent{{8, "now"}}));
}

TEST_F(NotifierTest, CloseSendsNothingFurtherAndWaitsForTheKernel) {
  kernel_.hold();
  notifier_.invalidate_entries(7, {"held"});
  EXPECT_EQ(kernel_.wait_for(1).size(), 1u);
  notifier_.invalidate_entries(7, {"never"});
  Flow<Result<void>> flow(loop_.get_executor(), closed(notifier_));
  loop_.run_for(20ms);
  EXPECT_FALSE(flow.done()) << "the loop goes on meanwhile, and answers";
  kernel_.let_go();
  for (int i = 0; i < 1000 && !flow.done(); ++i) {
    loop_.restart();
    loop_.run_for(10ms);
  }
  ASSERT_TRUE(flow.done());
  EXPECT_EQ(kernel_.sent(), (Sent{{7, "held"}}));
}

}  // namespace
}  // namespace balancefs::test
