// A directory of this machine as a Storage.
//
// Disks block, so every file call runs on a worker thread of this storage; a disk that hangs costs its own
// requests only. Jobs own what they touch (root, path, descriptor, buffer): the flow may be cancelled
// meanwhile. Never leaves its root (beneath.h). Sockets, pipes and devices do not exist here. Loop thread.
#pragma once

#include <memory>

#include "balancefs/options.h"
#include "balancefs/storage.h"
#include "base/worker_thread.h"

namespace balancefs {

class LocalStorage final : public Storage {
 public:
  LocalStorage(const StorageOptions& options, Executor executor, Clock& clock);

  const StorageTraits& traits() const override { return traits_; }
  Task<Result<void>> list(Path directory, ListingSink& entries, RequestContext& why) override;
  Task<Result<ObjectInfo>> stat(Path path, RequestContext& why) override;
  std::unique_ptr<ObjectReader> open(std::shared_ptr<Version> version, MemberIndex self) override;
  Task<Result<void>> probe(RequestContext& why) override;
  Task<void> close() override;

 private:
  StorageTraits traits_;
  std::string root_;
  bool etags_;
  WorkerThread worker_;
};

}  // namespace balancefs
