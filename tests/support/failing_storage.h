// A Storage in front of another that goes wrong on order: the k-th call of a kind fails, stalls or is late,
// after some of its bytes or entries came. What is not ordered passes through.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "balancefs/storage.h"

namespace balancefs::test {

class FailingStorage final : public Storage {
 public:
  enum class Call { list, stat, read, probe };

  /// What happens to one call, in this order: it waits `delay`, passes on `after` bytes (read) or entries
  /// (list), then stalls until release() if told to, then ends with `error`; without one it goes on.
  struct Fault {
    Call call;
    int nth;  ///< of its kind, from 1; 0: every one
    std::uint64_t after = 0;
    Duration delay{0};
    bool stall = false;
    std::optional<Error> error;

    Fault(Call kind, int which) : call(kind), nth(which) {}
    Fault(Call kind, int which, std::uint64_t passed, Error with)
        : call(kind), nth(which), after(passed), error(std::move(with)) {}
  };

  FailingStorage(std::unique_ptr<Storage> inner, Clock& clock);
  ~FailingStorage() override;

  void add(Fault fault) { faults_.push_back(std::move(fault)); }
  void clear() { faults_.clear(); }
  /// Ends all stalls, those of calls to come included.
  void release();
  /// Calls of a kind so far.
  int calls(Call call) const;

  const StorageTraits& traits() const override { return inner_->traits(); }
  Task<Result<void>> list(Path directory, ListingSink& entries, RequestContext& why) override;
  Task<Result<ObjectInfo>> stat(Path path, RequestContext& why) override;
  std::unique_ptr<ObjectReader> open(std::shared_ptr<Version> version, MemberIndex self) override;
  Task<Result<void>> probe(RequestContext& why) override;
  Task<void> close() override { return inner_->close(); }

 private:
  class Reader;
  class CutListing;
  class CutBytes;
  /// Counts the call; the fault ordered for it.
  std::optional<Fault> begin(Call call);
  /// Delays, and for calls without content stalls and fails.
  Task<Result<void>> before(Fault fault);
  Task<Result<void>> at_the_cut(Fault fault);

  std::unique_ptr<Storage> inner_;
  Clock& clock_;
  std::vector<Fault> faults_;
  std::map<Call, int> calls_;
  bool released_ = false;
  WaitList release_;
};

}  // namespace balancefs::test
