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
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "fs/filesystem.h"

namespace balancefs {

class Notifier final : public KernelNotifier {
 public:
  /// What the kernel is to do with a name.
  enum class Order : std::uint8_t { drop, expire_file, expire_directory };
  using Send = std::function<void(std::uint64_t parent, const std::string& name, Order order)>;

  /// `send` is called on the sending thread and may block there.
  Notifier(Executor executor, Send send);
  ~Notifier() override;
  Notifier(const Notifier&) = delete;
  Notifier& operator=(const Notifier&) = delete;

  void invalidate_entries(std::uint64_t parent, const std::vector<std::string_view>& names) override;
  void expire_entry(std::uint64_t parent, std::string name, ObjectType type) override;
  Task<bool> told(Clock& clock, TimePoint deadline) override;
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
    std::set<std::pair<std::string, Order>> waiting;
  };
  using Message = std::tuple<std::uint64_t, std::string, Order>;
  /// Something that the sending thread reaches; the loop waits for it.
  struct Mark {
    bool reached = false;
    WaitList waiting;
  };
  using MarkPointer = std::shared_ptr<Mark>;
  void answered(std::uint64_t directory);
  void stop();
  void enqueue(Message message);
  Message take_first();
  void send_first(std::unique_lock<std::mutex>& lock);
  void reach_marks();
  void run();

  Executor executor_;
  Send send_;
  MarkPointer end_;   ///< of the sending thread; loop thread
  std::mutex mutex_;  ///< for what follows
  std::unordered_map<std::uint64_t, Directory> busy_;
  std::condition_variable wake_;
  std::set<Message> queued_;
  std::deque<std::set<Message>::iterator> order_;            ///< of queued_, the oldest first
  std::uint64_t queued_ever_ = 0, done_ = 0;                 ///< names
  std::deque<std::pair<std::uint64_t, MarkPointer>> marks_;  ///< reached when so many are done
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace balancefs
