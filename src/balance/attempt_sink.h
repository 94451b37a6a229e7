// What stands between a member's bytes and the receiver during one request to one member.
//
// It drops what precedes the receiver's position (a server that cannot serve ranges), compares held bytes
// before anything is delivered (a member proves itself), lets nothing through once the version moved on or
// the member turned out divergent, and tells what comes to those who watch the request and the member. Loop
// thread; lives as long as the request.
#pragma once

#include <optional>

#include "balance/attempt.h"
#include "balance/members.h"

namespace balancefs {

class AttemptSink final : public ByteSink {
 public:
  /// Asks for `range`. `target` is null when the request only compares. `sample` lies in the range and ends
  /// at or before the target's position. `handle_delivered` is set with the first delivered byte.
  AttemptSink(Members& members, Version& version, Attempt& attempt, ByteSink* target, ByteRange range,
              const HeldBytes::Sample* sample, bool& handle_delivered);
  ~AttemptSink() override;

  std::uint64_t position() const override { return at_; }
  Result<void> write(std::span<const std::byte> bytes) override;

  std::uint64_t received() const { return attempt_.progress.bytes; }
  /// When the last byte came; the request's begin before that.
  TimePoint last_byte() const { return attempt_.progress.last_byte; }

 private:
  std::uint64_t sample_end() const { return sample_->offset + sample_->bytes.size(); }
  void note_arrival(std::uint64_t bytes);
  Result<std::size_t> take(std::span<const std::byte> bytes);
  Result<std::size_t> compare(std::span<const std::byte> bytes);
  Result<std::size_t> deliver(std::span<const std::byte> bytes);
  bool outdated() const;
  bool lacks_proof() const;

  Members& members_;
  MemberIndex member_;
  Version& version_;
  Attempt& attempt_;
  ByteSink* target_;
  const HeldBytes::Sample* sample_;
  std::uint32_t epoch_;
  ByteRange range_;
  std::uint64_t at_;
  bool& handle_delivered_;
};

}  // namespace balancefs
