// Asking one member of a group, gently: a handful of requests at a time, none beyond the limits of its
// account, more attempts where they may help, a pause for all of them when the server asks for one, and an
// end of asking after it failed too often.
//
// Loop thread. Calls may be cancelled; this outlives them.
#pragma once

#include <functional>
#include <memory>

#include "balance/account.h"
#include "balancefs/options.h"
#include "balancefs/storage.h"
#include "verify/folder_join.h"

namespace balancefs {

struct VerifyPace {
  std::size_t folders_at_once = 4;
  std::size_t requests_per_member = 4;
  int attempts = 3;                       ///< of one request
  Duration pause = 2s;                    ///< before the second attempt; four times that before the third
  Duration longest_pause = 60s;           ///< however long a server asks for
  Duration request_timeout = 5min;        ///< as metadata.request_timeout: big folders of slow servers
  int failures_to_give_up = 3;            ///< requests in a row that failed in all their attempts
  std::uint64_t block = 2 * 1024 * 1024;  ///< of one read; each member has folders_at_once of them in memory

  VerifyPace() = default;
};

/// Whom to ask; the storage outlives the asking.
struct VerifyMember {
  Storage& storage;
  std::shared_ptr<Account> account;  ///< null: without limits
  explicit VerifyMember(Storage& whom, std::shared_ptr<Account> limited_by = nullptr)
      : storage(whom), account(std::move(limited_by)) {}
};

/// A piece of memory for one range of a file.
class BlockSink final : public ByteSink {
 public:
  explicit BlockSink(std::uint64_t capacity) : bytes_(capacity) {}
  void begin(ByteRange range);
  std::uint64_t position() const override { return range_.offset + filled_; }
  Result<void> write(std::span<const std::byte> bytes) override;
  std::span<const std::byte> bytes() const { return std::span(bytes_).first(filled_); }

 private:
  std::vector<std::byte> bytes_;
  ByteRange range_;
  std::size_t filled_ = 0;
};

/// A file at one member, opened, and the block that is read of it.
struct OpenCopy {
  ObjectInfo info;
  std::unique_ptr<ObjectReader> reader;
  BlockSink block;
  OpenCopy(ObjectInfo what, std::unique_ptr<ObjectReader> from, std::uint64_t capacity)
      : info(std::move(what)), reader(std::move(from)), block(capacity) {}
};

class MemberAccess {
 public:
  MemberAccess(VerifyMember member, Executor executor, Clock& clock, const VerifyPace& pace);

  /// A listing is whole or an error.
  Task<Result<FolderListing>> list(Path folder);
  Task<Result<ObjectInfo>> stat(Path file, bool checksums);
  std::shared_ptr<OpenCopy> open(const Path& file, const ObjectInfo& info, std::uint64_t block);
  /// Fills the copy's block with `range`, in as many requests as the member's bandwidth asks for. A second
  /// attempt goes on where the first one stopped.
  Task<Result<void>> read(std::shared_ptr<OpenCopy> copy, ByteRange range);
  bool gave_up() const { return failures_ >= pace_.failures_to_give_up; }

 private:
  class Turn;
  /// What a request for file data has still to bring.
  struct Missing {
    const BlockSink& block;
    std::uint64_t end;
    Missing(const BlockSink& into, std::uint64_t until) : block(into), end(until) {}
    std::uint64_t bytes() const { return end - block.position(); }
  };
  template <class T>
  using Call = std::function<Task<Result<T>>(RequestContext&)>;
  /// `data` null: a question about names.
  template <class T>
  Task<Result<T>> ask(Call<T> call, const Missing* data = nullptr);
  template <class T>
  Task<Result<T>> ask_once(const Call<T>& call, const Missing* data);
  Task<void> wait_for_place();
  Task<Turn> take_turn(std::uint64_t bytes, const RequestContext& why);
  std::uint64_t piece_of(ByteRange range) const;
  void note_failure(const Error& error);
  Duration pause_after(const Error& error, int attempt) const;

  Storage& storage_;
  const std::shared_ptr<Account> account_;
  Executor executor_;
  Clock& clock_;
  const VerifyPace& pace_;
  std::size_t running_ = 0;
  WaitList freed_;
  TimePoint not_before_;  ///< throttled until then
  int failures_ = 0;      ///< in a row
  std::uint64_t versions_ = 0;
};

}  // namespace balancefs
