#include "http/range_body.h"

#include <algorithm>

#include "http/response_fields.h"

namespace balancefs {
namespace {

/// An S3 error document has some 300 bytes, its code in the first hundred.
constexpr std::size_t kRefusalKept = 1024;
/// As much as is read of any body that nobody wants: it saves the connection.
constexpr std::uint64_t kRefusalRead = 64 * 1024;

}  // namespace

RangeBody::RangeBody(RangeExpectation expectation, ByteSink& sink, std::function<void()> accepted)
    : expect_(std::move(expectation)), sink_(sink), on_accepted_(std::move(accepted)) {}

Result<ByteSink*> RangeBody::begin(const ResponseHead& head) {
  if (head.status == 503) return &refusal_;
  if (head.status != 206 && head.status != 200) return nullptr;
  Version& version = *expect_.version;
  if (version.epoch() != expect_.epoch)
    return fail(ErrorKind::cancelled, "the handle follows a newer version");
  const Result<RangeAnswer> answer =
      judge_range_answer(head, expect_.wanted, version.size(), expect_.sequential);
  if (!answer) return std::unexpected<Error>(answer.error());
  const Result<void> same = version.confirm(expect_.source, validator_of(head, expect_.etags));
  if (!same) return std::unexpected<Error>(same.error());
  answer_ = *answer;
  accepted_ = true;
  on_accepted_();
  return this;
}

Result<void> RangeBody::Refusal::write(std::span<const std::byte> bytes) {
  const std::size_t kept = std::min(bytes.size(), kRefusalKept - std::min(kRefusalKept, text_.size()));
  text_.append(reinterpret_cast<const char*>(bytes.data()), kept);
  read_ += bytes.size();
  if (read_ > kRefusalRead) return fail(ErrorKind::unavailable, "status 503 with a body without end");
  return {};
}

Result<void> RangeBody::write(std::span<const std::byte> bytes) {
  const auto skipped = static_cast<std::size_t>(std::min<std::uint64_t>(answer_.skip, bytes.size()));
  answer_.skip -= skipped;
  bytes = bytes.subspan(skipped);
  const auto taken = static_cast<std::size_t>(std::min<std::uint64_t>(answer_.take, bytes.size()));
  if (taken > 0) {
    const Result<void> delivered = sink_.write(bytes.first(taken));
    refused_ = !delivered;
    if (refused_) return delivered;
    delivered_ = true;
    answer_.take -= taken;
  }
  overrun_ = bytes.size() > taken && !answer_.surplus;
  if (overrun_) return fail(ErrorKind::corrupted, "more bytes than the answer's range");
  if (answer_.take == 0 && answer_.surplus) return fail(ErrorKind::cancelled, "the range is complete");
  return {};
}

}  // namespace balancefs
