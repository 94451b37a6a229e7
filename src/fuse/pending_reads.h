// The READs of each handle that wait for bytes, so that FLUSH can give them up.
//
// A program killed in a buffered read sends no INTERRUPT but a FLUSH: its READs are answered EINTR then, each
// range once. Another program that shares the handle and waits for the same page is asked again by the
// kernel, and its second READ of the range is left alone.
//
// A FLUSH is sent for every close of a shared handle, by the child too that a program forks and that closes
// what it has inherited when it executes another: it says nothing of READs of threads that live. Loop thread.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <list>
#include <memory>
#include <set>
#include <unordered_map>

#include "balancefs/task.h"

namespace balancefs {

class PendingReads {
 public:
  /// One READ under way, for as long as it lives.
  class Entry : public std::enable_shared_from_this<Entry> {
   public:
    /// `reader`: the thread that asked for it, as the kernel names it; 0 where it cannot.
    Entry(PendingReads& owner, std::uint64_t handle, std::uint64_t offset, pid_t reader);
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;
    ~Entry();
    void set_flow(FlowHandle flow) { flow_ = std::move(flow); }
    /// Becomes true when a FLUSH gives the READ up.
    std::shared_ptr<const bool> given_up() const {
      return std::shared_ptr<const bool>(shared_from_this(), &given_up_);
    }

   private:
    friend class PendingReads;
    PendingReads& owner_;
    std::uint64_t handle_;
    std::uint64_t offset_;
    pid_t reader_;
    FlowHandle flow_;
    bool given_up_ = false;
    std::list<Entry*>::iterator position_;
  };

  /// Gives up the handle's READs that were not given up before and that `closer` has asked for itself, or a
  /// thread that has ended.
  void flush(std::uint64_t handle, pid_t closer);
  void release(std::uint64_t handle) { handles_.erase(handle); }

 private:
  struct Handle {
    std::list<Entry*> entries;
    std::set<std::uint64_t> given_up;  ///< offsets
  };
  std::unordered_map<std::uint64_t, Handle> handles_;
};

}  // namespace balancefs
