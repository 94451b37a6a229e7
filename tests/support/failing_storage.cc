#include "support/failing_storage.h"

#include <algorithm>

namespace balancefs::test {

/// Passes on `left` bytes, then refuses. The refusal ends the inner read; what really happened is decided
/// after.
class FailingStorage::CutBytes final : public ByteSink {
 public:
  CutBytes(ByteSink& to, std::uint64_t left) : to_(to), left_(left) {}
  std::uint64_t position() const override { return to_.position(); }
  Result<void> write(std::span<const std::byte> bytes) override {
    const std::size_t count = std::min<std::uint64_t>(bytes.size(), left_);
    if (count > 0) {
      const Result<void> taken = to_.write(bytes.first(count));
      if (!taken) return taken;
      left_ -= count;
    }
    cut_ = count < bytes.size();
    if (cut_) return fail(ErrorKind::unavailable, "cut");
    return {};
  }
  bool cut() const { return cut_; }

 private:
  ByteSink& to_;
  std::uint64_t left_;
  bool cut_ = false;
};

class FailingStorage::CutListing final : public ListingSink {
 public:
  CutListing(ListingSink& to, std::uint64_t left) : to_(to), left_(left) {}
  Result<void> entry(std::string_view name, const ObjectInfo& info) override {
    cut_ = left_ == 0;
    if (cut_) return fail(ErrorKind::unavailable, "cut");
    --left_;
    return to_.entry(name, info);
  }
  void member_done(MemberIndex member, const Result<void>& outcome) override {
    to_.member_done(member, outcome);
  }
  bool cut() const { return cut_; }

 private:
  ListingSink& to_;
  std::uint64_t left_;
  bool cut_ = false;
};

class FailingStorage::Reader final : public ObjectReader {
 public:
  Reader(FailingStorage& storage, std::unique_ptr<ObjectReader> inner)
      : storage_(storage), inner_(std::move(inner)) {}

  Task<Result<void>> read(ByteRange range, ByteSink& sink, RequestContext& why) override {
    const std::optional<Fault> fault = storage_.begin(Call::read);
    if (!fault) co_return co_await inner_->read(range, sink, why);
    if (fault->delay > Duration(0)) co_await sleep_for(storage_.clock_, fault->delay);
    if (!fault->stall && !fault->error) co_return co_await inner_->read(range, sink, why);
    CutBytes cut(sink, fault->after);
    const Result<void> first = co_await inner_->read(range, cut, why);
    if (!cut.cut()) co_return first;
    const Result<void> ended = co_await storage_.at_the_cut(*fault);
    if (!ended) co_return ended;
    const ByteRange rest(sink.position(), range.end() - sink.position());
    co_return co_await inner_->read(rest, sink, why);
  }

 private:
  FailingStorage& storage_;
  std::unique_ptr<ObjectReader> inner_;
};

FailingStorage::FailingStorage(std::unique_ptr<Storage> inner, Clock& clock)
    : inner_(std::move(inner)), clock_(clock) {}
FailingStorage::~FailingStorage() = default;

std::optional<FailingStorage::Fault> FailingStorage::begin(Call call) {
  const int number = ++calls_[call];
  const auto ordered = [&](const Fault& fault) {
    return fault.call == call && (fault.nth == number || fault.nth == 0);
  };
  const auto found = std::find_if(faults_.begin(), faults_.end(), ordered);
  if (found == faults_.end()) return std::nullopt;
  return *found;
}

int FailingStorage::calls(Call call) const {
  const auto found = calls_.find(call);
  return found == calls_.end() ? 0 : found->second;
}

void FailingStorage::release() {
  released_ = true;
  release_.wake_all();
}

Task<Result<void>> FailingStorage::at_the_cut(Fault fault) {
  while (fault.stall && !released_) co_await release_.wait();
  if (fault.error) co_return std::unexpected<Error>(*fault.error);
  co_return Result<void>();
}

Task<Result<void>> FailingStorage::before(Fault fault) {
  if (fault.delay > Duration(0)) co_await sleep_for(clock_, fault.delay);
  co_return co_await at_the_cut(fault);
}

Task<Result<void>> FailingStorage::list(Path directory, ListingSink& entries, RequestContext& why) {
  const std::optional<Fault> fault = begin(Call::list);
  if (!fault) co_return co_await inner_->list(directory, entries, why);
  if (fault->delay > Duration(0)) co_await sleep_for(clock_, fault->delay);
  if (!fault->stall && !fault->error) co_return co_await inner_->list(directory, entries, why);
  // A listing cannot be resumed, so a stall comes before its first entry.
  if (!fault->error) {
    co_await at_the_cut(*fault);
    co_return co_await inner_->list(directory, entries, why);
  }
  CutListing cut(entries, fault->after);
  const Result<void> outcome = co_await inner_->list(directory, cut, why);
  if (!outcome && !cut.cut()) co_return outcome;
  co_return co_await at_the_cut(*fault);
}

Task<Result<ObjectInfo>> FailingStorage::stat(Path path, RequestContext& why) {
  if (const std::optional<Fault> fault = begin(Call::stat)) {
    const Result<void> outcome = co_await before(*fault);
    if (!outcome) co_return std::unexpected<Error>(outcome.error());
  }
  co_return co_await inner_->stat(path, why);
}

std::unique_ptr<ObjectReader> FailingStorage::open(std::shared_ptr<Version> version, MemberIndex self) {
  return std::make_unique<Reader>(*this, inner_->open(std::move(version), self));
}

Task<Result<void>> FailingStorage::probe(RequestContext& why) {
  if (const std::optional<Fault> fault = begin(Call::probe)) {
    const Result<void> outcome = co_await before(*fault);
    if (!outcome) co_return outcome;
  }
  co_return co_await inner_->probe(why);
}

}  // namespace balancefs::test
