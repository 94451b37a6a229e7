// Tells the kernel to forget names, from a thread of its own.
//
// The kernel may block such a call until a request that it has given us is answered: on the loop that would
// be a deadlock. A name is sent only while no LOOKUP or READDIR of its directory is unanswered (measured:
// waiting behind one slow LOOKUP froze the directory), queued otherwise, and once however often it changed
// meanwhile. inval_inode is never used: with a READ pending it hangs beyond kill -9. Loop thread, but for the
// sending thread's own function.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>

#include "fs/filesystem.h"

namespace balancefs {

class Notifier final : public KernelNotifier {
 public:
  using Send = std::function<void(std::uint64_t parent, const std::string& name)>;

  /// `send` is called on the sending thread and may block there.
  Notifier(Executor executor, Send send);
  ~Notifier() override;
  Notifier(const Notifier&) = delete;
  Notifier& operator=(const Notifier&) = delete;

  void invalidate_entry(std::uint64_t parent, std::string name) override;
  /// Sends nothing further, and waits until the kernel has let go of what is being sent. It may hold that
  /// back until requests are answered: they have to be, meanwhile.
  Task<void> close();

  /// Marks a LOOKUP or READDIR of a directory as unanswered for as long as it lives.
  class Busy {
   public:
    Busy(Notifier& notifier, std::uint64_t directory);
    Busy(Busy&& other) noexcept
        : notifier_(std::exchange(other.notifier_, nullptr)), directory_(other.directory_) {}
    Busy& operator=(Busy&&) = delete;
    ~Busy();

   private:
    Notifier* notifier_;
    std::uint64_t directory_;
  };

 private:
  struct Directory {
    int unanswered = 0;
    std::set<std::string> waiting;
  };
  using Message = std::pair<std::uint64_t, std::string>;
  struct End {
    bool reached = false;
    WaitList waiting;
  };
  void answered(std::uint64_t directory);
  void stop();
  void enqueue(Message message);
  Message take_first();
  void run();

  Executor executor_;
  Send send_;
  std::shared_ptr<End> end_;  ///< of the sending thread; loop thread
  std::mutex mutex_;          ///< for what follows
  std::unordered_map<std::uint64_t, Directory> busy_;
  std::condition_variable wake_;
  std::set<Message> queued_;
  std::deque<std::set<Message>::iterator> order_;  ///< of queued_, the oldest first
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace balancefs
