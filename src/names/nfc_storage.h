// A storage whose names are shown in NFC, however it spells them: the decorator behind `names = "nfc"`.
//
// Listings are shown in NFC, and requests use the spelling that the storage sent, on every level of a path. A
// path of which nothing was listed yet (after a restart) is asked for as it is shown; when the storage has no
// such name, the folders above it are listed, and it is asked for again where that tells another spelling.
// Loop thread.
#pragma once

#include <memory>
#include <set>
#include <string>

#include "balancefs/options.h"
#include "balancefs/storage.h"
#include "names/spellings.h"

namespace balancefs {

class NfcStorage final : public Storage {
 public:
  NfcStorage(std::unique_ptr<Storage> inner, Clock& clock, SpellingTable table = SpellingTable())
      : inner_(std::move(inner)), clock_(clock), table_(std::move(table)) {}

  const StorageTraits& traits() const override { return inner_->traits(); }
  Task<Result<void>> list(Path directory, ListingSink& entries, RequestContext& why) override;
  Task<Result<ObjectInfo>> stat(Path path, RequestContext& why) override;
  std::unique_ptr<ObjectReader> open(std::shared_ptr<Version> version, MemberIndex self) override;
  Task<Result<void>> probe(RequestContext& why) override { return inner_->probe(why); }
  Task<void> close() override { return inner_->close(); }

 private:
  class Reader;
  class Naming;
  class Learning;

  /// `spelled`: `directory` as the storage spells it.
  Task<Result<void>> list_as(Path spelled, Path directory, ListingSink& entries, RequestContext& why);
  /// After the storage had no such name: how it is spelled, level by level, each folder listed at most once.
  /// An error when that cannot be told: then nobody knows whether the path is there.
  Task<Result<Path>> learn(Path path, RequestContext& why);
  Task<Result<void>> learn_folder(Path folder, Path spelled, RequestContext& why);

  std::unique_ptr<Storage> inner_;
  Clock& clock_;
  SpellingTable table_;
  std::set<std::string> learning_;  ///< folders that are being listed for their spellings
  WaitList learnt_;
};

/// `storage` with its names as the group wants them shown.
std::unique_ptr<Storage> with_names(std::unique_ptr<Storage> storage, GroupOptions::Names names,
                                    Clock& clock);

}  // namespace balancefs
