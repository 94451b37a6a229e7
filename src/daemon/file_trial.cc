#include "daemon/file_trial.h"

#include <algorithm>
#include <vector>

namespace balancefs {
namespace {

/// With two nodes in turn or at random, four answers come from both of them nine times in ten.
constexpr int kStats = 4;
constexpr int kRounds = 2;
/// Fits into one packet or three, and shows a wrong offset.
constexpr std::uint64_t kPiece = 4096;

/// Counts where the next byte belongs and drops it.
class Discard final : public ByteSink {
 public:
  explicit Discard(std::uint64_t offset) : position_(offset) {}
  std::uint64_t position() const override { return position_; }
  Result<void> write(std::span<const std::byte> bytes) override {
    position_ += bytes.size();
    return {};
  }

 private:
  std::uint64_t position_;
};

Task<Result<ObjectInfo>> ask_attributes(Storage& storage, Path file, std::vector<Validator>& seen,
                                        RequestContext& why) {
  ObjectInfo last;
  for (int i = 0; i < kStats; ++i) {
    const Result<ObjectInfo> info = co_await storage.stat(file, why);
    if (!info) co_return info;
    if (info->type != ObjectType::file) {
      co_return fail(ErrorKind::corrupted, "its folder lists a file, and asked alone it is a folder");
    }
    seen.push_back(info->validator);
    last = *info;
  }
  co_return last;
}

std::vector<ByteRange> pieces_of(std::uint64_t size) {
  std::vector<ByteRange> pieces;
  if (size > 0) pieces.emplace_back(0, std::min(size, kPiece));
  // From a byte that is not the first: only then does a range prove anything.
  const std::uint64_t tail = size > 1 ? std::min(size - 1, kPiece) : 0;
  if (tail > 0) pieces.emplace_back(size - tail, tail);
  return pieces;
}

/// Reads all pieces by one reader. A version that the data contradicts is the result `changed`, after all
/// pieces were asked for: what the server says of the others is evidence.
Task<Result<void>> read_pieces(Storage& storage, std::shared_ptr<Version> version, FileTrial& trial,
                               RequestContext& why) {
  const std::unique_ptr<ObjectReader> reader = storage.open(version, 0);
  Result<void> outcome;
  for (const ByteRange piece : pieces_of(version->size())) {
    Discard sink(piece.offset);
    const Result<void> read = co_await reader->read(piece, sink, why);
    if (read) continue;
    if (read.error().detail == Error::Detail::no_range) {
      trial.ranges = false;
    } else if (read.error().kind == ErrorKind::changed) {
      outcome = read;
    } else {
      co_return read;
    }
  }
  co_return outcome;
}

}  // namespace

bool etags_alternate(std::span<const Validator> seen) {
  for (std::size_t i = 0; i < seen.size(); ++i) {
    bool other_between = false;
    for (std::size_t j = i + 1; j < seen.size(); ++j) {
      const bool both = !seen[i].etag.empty() && !seen[j].etag.empty();
      if (!both) continue;
      const bool same = seen[i].etag == seen[j].etag;
      const bool same_time = seen[i].modified && seen[i].modified == seen[j].modified;
      if ((!same && same_time) || (same && other_between)) return true;
      other_between = other_between || !same;
    }
  }
  return false;
}

Task<Result<FileTrial>> try_file(Storage& storage, Path file, WatchedHttp& http, RequestContext& why) {
  FileTrial trial;
  std::vector<Validator> stated;
  const Result<ObjectInfo> info = co_await ask_attributes(storage, file, stated, why);
  if (!info) co_return std::unexpected<Error>(info.error());
  http.forget_data();
  const std::vector<ObjectInfo> copies(1, *info);
  const auto version = std::make_shared<Version>(1, file, copies);
  Result<void> outcome;
  for (int round = 0; round < kRounds && (outcome || outcome.error().kind == ErrorKind::changed); ++round) {
    outcome = co_await read_pieces(storage, version, trial, why);
  }
  trial.etags_differ = etags_alternate(stated);
  for (const auto& [host, seen] : http.data_validators()) {
    trial.etags_differ = trial.etags_differ || etags_alternate(seen);
  }
  const bool explained = outcome || (outcome.error().kind == ErrorKind::changed && trial.etags_differ);
  if (!explained) co_return std::unexpected<Error>(outcome.error());
  co_return trial;
}

}  // namespace balancefs
