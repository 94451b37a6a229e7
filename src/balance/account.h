// Who may ask a limited storage next. One for each account, shared by the storages that name it, or for a
// storage with limits of its own; a configuration that is loaded again finds it by name (accounts.h).
//
// Whoever comes waits in a queue of its handle. When a request may start, the highest priority goes first
// (a part that somebody waits for, then listings that somebody waits for, then what is only expected),
// among equals the handle that was served the longest ago. Priorities are read when that is decided, so one
// that is raised in the queue counts. Of eight that start, one is whoever has waited longest, so nobody
// waits for ever. Leaving, by cancellation too, leaves nothing behind. Loop thread; outlives its waiters.
#pragma once

#include <list>

#include "balance/limits.h"
#include "balancefs/storage.h"
#include "balancefs/task.h"

namespace balancefs {

class Account {
 public:
  /// A request that may run, until destroyed. Empty: of a storage without limits.
  class Permit {
   public:
    Permit() = default;
    Permit(Account& account, std::uint64_t bytes) : account_(&account), missing_(bytes) {}
    Permit(Permit&& other) noexcept
        : account_(std::exchange(other.account_, nullptr)), missing_(other.missing_) {}
    Permit& operator=(Permit&& other) noexcept {
      std::swap(account_, other.account_);
      std::swap(missing_, other.missing_);
      return *this;
    }
    ~Permit() {
      if (account_ != nullptr) account_->ended(missing_);
    }
    /// So many of the bytes came.
    void used(std::uint64_t bytes) { missing_ -= std::min(bytes, missing_); }

   private:
    Account* account_ = nullptr;
    std::uint64_t missing_ = 0;
  };

  /// One that wants to start. In the queue from construction on, unless it may start at once.
  class Waiter {
   public:
    /// `handle`: whose turn it is; `bytes`: of data that it asks for, 0 for anything else. `why` outlives it.
    Waiter(Account& account, const void* handle, std::uint64_t bytes, const RequestContext& why);
    Waiter(const Waiter&) = delete;
    Waiter& operator=(const Waiter&) = delete;
    ~Waiter();
    bool granted() const { return permit_.has_value(); }
    /// Waits for the grant, for the time or for stir().
    Task<void> wait_until(TimePoint deadline);
    /// Only when granted: call once.
    Permit take();

   private:
    friend class Account;
    bool data() const { return bytes_ > 0; }

    Account& account_;
    const void* handle_;
    std::uint64_t bytes_;
    const RequestContext& why_;
    std::uint64_t number_;  ///< counts arrivals
    WaitList woken_;
    std::optional<Permit> permit_;
  };

  /// The clock outlives the account.
  Account(const LimitOptions& limits, Clock& clock) : limits_(limits), clock_(clock) {}
  Account(const Account&) = delete;
  Account& operator=(const Account&) = delete;
  ~Account();

  /// Other limits from now on.
  void change(const LimitOptions& limits);
  /// Whether a request for data would wait.
  bool busy() const { return !queues_.empty() || !limits_.may_start(true, clock_.now()); }
  /// Starts at once, whatever the limits say: for probes. It counts like any other.
  Permit enter_at_once();
  /// Lets everybody who waits look whether they still want to.
  void stir();
  std::uint64_t piece() const { return limits_.piece(); }
  std::uint32_t running() const { return limits_.running(); }

 private:
  struct Queue {
    const void* handle;
    std::list<Waiter*> waiters;
    explicit Queue(const void* whose) : handle(whose) {}
  };
  using Queues = std::list<Queue>;

  void add(Waiter& waiter);
  void remove(Waiter& waiter);
  Queues::iterator queue_of(const void* handle);
  Waiter* next_waiter();
  void start(Waiter& waiter);
  void ended(std::uint64_t missing);
  void dispatch();
  void set_alarm();

  Limits limits_;
  Clock& clock_;
  Queues queues_;  ///< of handles that wait; the one whose turn is next in front
  std::uint64_t arrivals_ = 0;
  std::uint32_t contended_ = 0;  ///< starts while others waited
  Timer alarm_;
};

}  // namespace balancefs
