#include "verify/member_access.h"

#include <algorithm>

namespace balancefs {
namespace {

class NamesSink final : public ListingSink {
 public:
  explicit NamesSink(FolderListing& names) : names_(names) {}
  Result<void> entry(std::string_view name, const ObjectInfo& info) override {
    names_.emplace_back(std::string(name), info);
    return {};
  }
  void member_done(MemberIndex, const Result<void>&) override {}

 private:
  FolderListing& names_;
};

Task<Result<FolderListing>> list_once(Storage& storage, Path folder, RequestContext& why) {
  FolderListing names;
  NamesSink sink(names);
  const Result<void> listed = co_await storage.list(std::move(folder), sink, why);
  if (!listed) co_return std::unexpected<Error>(listed.error());
  co_return names;
}

Task<Result<void>> read_once(std::shared_ptr<OpenCopy> copy, ByteRange range, RequestContext& why) {
  if (copy->block.position() == range.end()) co_return Result<void>();
  co_return co_await copy->reader->read(range, copy->block, why);
}

/// Refused credentials stay refused, and what is about the path stays as it is.
bool worth_another_attempt(const Error& error) {
  const Blame blamed = blame(error);
  return blamed == Blame::dead || blamed == Blame::throttled;
}

/// Not of one path of it, which may well be refused or gone.
bool is_about_the_member(const Error& error) {
  return worth_another_attempt(error) || error.detail == Error::Detail::credentials;
}

}  // namespace

void BlockSink::begin(ByteRange range) {
  BALANCEFS_CHECK(range.length <= bytes_.size());
  range_ = range;
  filled_ = 0;
}

Result<void> BlockSink::write(std::span<const std::byte> bytes) {
  if (bytes.size() > range_.length - filled_) return fail(ErrorKind::corrupted, "more bytes than were asked");
  std::ranges::copy(bytes, bytes_.begin() + static_cast<std::ptrdiff_t>(filled_));
  filled_ += bytes.size();
  return {};
}

/// One of the few requests that a member has at a time, with its place in the account.
class MemberAccess::Turn {
 public:
  explicit Turn(MemberAccess& owner) : owner_(&owner) { ++owner_->running_; }
  Turn(Turn&& other) noexcept
      : admitted(std::move(other.admitted)), owner_(std::exchange(other.owner_, nullptr)) {}
  Turn& operator=(Turn&&) = delete;
  ~Turn() {
    if (owner_ == nullptr) return;
    --owner_->running_;
    owner_->freed_.wake_one();
  }

  Account::Permit admitted;

 private:
  MemberAccess* owner_;
};

MemberAccess::MemberAccess(VerifyMember member, Executor executor, Clock& clock, const VerifyPace& pace)
    : storage_(member.storage),
      account_(std::move(member.account)),
      executor_(std::move(executor)),
      clock_(clock),
      pace_(pace),
      not_before_(clock.now()) {}

Task<void> MemberAccess::wait_for_place() {
  while (running_ >= pace_.requests_per_member || clock_.now() < not_before_) {
    if (clock_.now() < not_before_) {
      co_await sleep_for(clock_, not_before_ - clock_.now());
    } else {
      co_await freed_.wait();
    }
  }
}

/// Time in the account's queue is no time of the request's. A member that asks for a pause meanwhile gets it.
Task<MemberAccess::Turn> MemberAccess::take_turn(std::uint64_t bytes, const RequestContext& why) {
  while (true) {
    co_await wait_for_place();
    Turn turn(*this);
    if (account_ == nullptr) co_return turn;
    Account::Waiter waiter(*account_, this, bytes, why);
    while (!waiter.granted()) co_await waiter.wait_until(TimePoint::max());
    turn.admitted = waiter.take();
    if (clock_.now() >= not_before_) co_return turn;
  }
}

template <class T>
Task<Result<T>> MemberAccess::ask_once(const Call<T>& call, const Missing* data) {
  RequestContext why(Priority::metadata);
  const std::uint64_t wanted = data == nullptr ? 0 : data->bytes();
  Turn turn = co_await take_turn(wanted, why);
  const TimePoint limit = clock_.now() + pace_.request_timeout;
  why.deadline = limit;
  Flow<Result<T>> flow(executor_, call(why));
  // A driver may overlook the deadline; this does not.
  const bool in_time = co_await flow.join_until(clock_, limit + 1s);
  if (!in_time) flow.cancel();
  Result<T> answer = co_await flow.join();
  if (data != nullptr) turn.admitted.used(wanted - data->bytes());
  if (!in_time && !answer) co_return fail(ErrorKind::timed_out, "no answer in time");
  co_return answer;
}

template <class T>
Task<Result<T>> MemberAccess::ask(Call<T> call, const Missing* data) {
  for (int attempt = 1;; ++attempt) {
    if (gave_up()) co_return fail(ErrorKind::unavailable, "not asked: it failed too often");
    Result<T> answer = co_await ask_once(call, data);
    if (answer) {
      failures_ = 0;
      co_return answer;
    }
    const Error& error = answer.error();
    if (!worth_another_attempt(error) || attempt == pace_.attempts) {
      note_failure(error);
      co_return answer;
    }
    const TimePoint again = clock_.now() + pause_after(error, attempt);
    if (error.kind == ErrorKind::throttled) not_before_ = std::max(not_before_, again);
    co_await sleep_for(clock_, again - clock_.now());
  }
}

void MemberAccess::note_failure(const Error& error) {
  if (is_about_the_member(error)) ++failures_;
}

Duration MemberAccess::pause_after(const Error& error, int attempt) const {
  if (error.retry_after) return std::min<Duration>(*error.retry_after, pace_.longest_pause);
  return std::min(attempt == 1 ? pace_.pause : 4 * pace_.pause, pace_.longest_pause);
}

Task<Result<FolderListing>> MemberAccess::list(Path folder) {
  Call<FolderListing> call = [this, folder](RequestContext& why) { return list_once(storage_, folder, why); };
  return ask<FolderListing>(std::move(call));
}

Task<Result<ObjectInfo>> MemberAccess::stat(Path file, bool checksums) {
  Call<ObjectInfo> call = [this, file, checksums](RequestContext& why) {
    why.checksums = checksums;
    return storage_.stat(file, why);
  };
  return ask<ObjectInfo>(std::move(call));
}

std::shared_ptr<OpenCopy> MemberAccess::open(const Path& file, const ObjectInfo& info, std::uint64_t block) {
  // A version of its own: what one server says about its copy is not held against another.
  auto version = std::make_shared<Version>(++versions_, file, std::vector<ObjectInfo>(1, info));
  return std::make_shared<OpenCopy>(info, storage_.open(std::move(version), info.member), block);
}

/// As much as one request asks for.
std::uint64_t MemberAccess::piece_of(ByteRange range) const {
  const std::uint64_t piece = account_ == nullptr ? 0 : account_->piece();
  return piece == 0 ? range.length : std::min(piece, range.length);
}

Task<Result<void>> MemberAccess::read(std::shared_ptr<OpenCopy> copy, ByteRange range) {
  copy->block.begin(range);
  const std::uint64_t piece = piece_of(range);
  for (std::uint64_t at = range.offset; at < range.end(); at += piece) {
    const ByteRange part(at, std::min(piece, range.end() - at));
    const Missing missing(copy->block, part.end());
    Call<void> call = [copy, part](RequestContext& why) { return read_once(copy, part, why); };
    Result<void> done = co_await ask<void>(std::move(call), &missing);
    if (!done) co_return done;
  }
  co_return Result<void>();
}

}  // namespace balancefs
