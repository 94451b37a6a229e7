// A storage in memory with behaviour: real trees, real bytes (ramp_bytes), latency on the test's clock,
// faults on request, and counts of everything that was asked of it.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "balancefs/storage.h"

namespace balancefs::test {

class FakeStorage final : public Storage {
 public:
  struct Node {
    ObjectInfo info;
    std::uint32_t seed = 0;  ///< of ramp_bytes
    std::string digest;      ///< the checksum that a stat gives when it is asked for
  };
  struct Counts {
    int list = 0, stat = 0, open = 0, read = 0, probe = 0;
    std::uint64_t bytes = 0;  ///< delivered
    int digests = 0;          ///< stats that asked for checksums
    int running = 0;          ///< reads, lists and stats under way
    int most_running = 0;
    std::vector<ByteRange> ranges;  ///< asked, in order
  };

  FakeStorage(std::string name, Executor executor, Clock& clock);

  /// Adds a file and the directories above it. The ETag is made from size, seed and `revision`.
  void add_file(std::string_view path, std::uint64_t size, std::uint32_t seed = 0, int revision = 1);
  void add_directory(std::string_view path);
  void remove(std::string_view path);

  const StorageTraits& traits() const override { return traits_; }
  Task<Result<void>> list(Path directory, ListingSink& entries, RequestContext& why) override;
  Task<Result<ObjectInfo>> stat(Path path, RequestContext& why) override;
  std::unique_ptr<ObjectReader> open(std::shared_ptr<Version> version, MemberIndex self) override;
  Task<Result<void>> probe(RequestContext& why) override;
  Task<void> close() override;

  // What the storage does wrong. All may change while requests run.
  std::optional<Error> fail_everything;  ///< the answer to all requests, reads under way included
  std::optional<Error> fail_list, fail_stat, fail_read, fail_probe;
  std::optional<std::size_t> cut_list_after;  ///< entries, then `corrupted`
  std::optional<std::uint64_t> cut_read_at;   ///< file offset where reads fail with `cut_error`
  Error cut_error{ErrorKind::unavailable, "reset"};
  bool stall = false;                  ///< requests and reads under way stop and wait for it to end
  bool no_ranges = false;              ///< reads from a non-zero offset are refused with `no_range`
  bool lie_about_bytes = false;        ///< delivers other bytes than the file's
  Duration latency{0};                 ///< before every answer
  int turns = 0;                       ///< of the loop, after that
  std::uint64_t bytes_per_second = 0;  ///< 0: all at once
  std::size_t piece = 16 * 1024;       ///< bytes per write into the sink

  Counts counts;
  std::map<std::string, Node> nodes;  ///< by path; the root is ""

 private:
  friend class FakeReader;
  Task<Result<void>> answer(const std::optional<Error>& special);
  Task<void> wait_while_stalled();

  StorageTraits traits_;
  Executor executor_;
  Clock& clock_;
};

}  // namespace balancefs::test
