// Hands file data to the kernel, on a thread of its own.
//
// The kernel copies what a READ asked for while it takes the answer: a third of what a byte costs. On the
// loop nothing would come from the network meanwhile. Touches only the request and the bytes, which the
// answer keeps; what kept them is let go on the loop again. Loop thread, but for the sending thread's own
// function.
#pragma once

#include <fuse_lowlevel.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "fs/filesystem.h"

namespace balancefs {

class ReadSender {
 public:
  using Send = std::function<void(fuse_req_t request, const ReadReply& data)>;

  /// `send` answers the request, on the sending thread.
  ReadSender(Executor executor, Send send);
  ~ReadSender();
  ReadSender(const ReadSender&) = delete;
  ReadSender& operator=(const ReadSender&) = delete;

  /// Answers the request with the data, soon. libfuse must not know anybody who waits for its interrupt.
  void send(fuse_req_t request, ReadReply data);
  /// Waits until everything was sent.
  Task<void> close();

 private:
  using Answer = std::pair<fuse_req_t, ReadReply>;
  /// Where what was sent comes back to; outlives the sender where the loop still has its message.
  struct Returned {
    std::mutex mutex;
    std::vector<ReadReply> sent;  ///< under the mutex
    std::size_t unsent = 0;       ///< loop thread
    WaitList all_sent;
  };
  static void let_go(const std::shared_ptr<Returned>& returned);
  void run();

  Executor executor_;
  Send send_;
  std::shared_ptr<Returned> returned_;
  std::mutex mutex_;  ///< for what follows
  std::condition_variable wake_;
  std::vector<Answer> queue_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace balancefs
