// The READs of each handle that wait for bytes, so that FLUSH can give them up.
//
// A program killed in a buffered read sends no INTERRUPT but a FLUSH: its READs are answered EINTR then, each
// range once. Another program that shares the handle and waits for the same page is asked again by the
// kernel, and its second READ of the range is left alone. Loop thread.
#pragma once

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
    Entry(PendingReads& owner, std::uint64_t handle, std::uint64_t offset);
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
    FlowHandle flow_;
    bool given_up_ = false;
    std::list<Entry*>::iterator position_;
  };

  /// Gives up the handle's READs that were not given up before.
  void flush(std::uint64_t handle);
  void release(std::uint64_t handle) { handles_.erase(handle); }

 private:
  struct Handle {
    std::list<Entry*> entries;
    std::set<std::uint64_t> given_up;  ///< offsets
  };
  std::unordered_map<std::uint64_t, Handle> handles_;
};

}  // namespace balancefs
