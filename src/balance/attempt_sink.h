// What stands between a member's bytes and the receiver during one request to one member.
//
// It drops what precedes the receiver's position (a server that cannot serve ranges), compares held bytes
// before anything is delivered (a member proves itself), lets nothing through once the version moved on or
// the member turned out divergent, and counts what comes for the stall watch. Loop thread; lives as long as
// the request.
#pragma once

#include <optional>

#include "balance/members.h"

namespace balancefs {

class AttemptSink final : public ByteSink {
 public:
  /// Asks from `from` on. `target` is null when the request only compares. `sample` lies at or after `from`
  /// and ends at or before the target's position. `handle_delivered` is set with the first delivered byte.
  AttemptSink(Members& members, MemberIndex member, Version& version, ByteSink* target, std::uint64_t from,
              const HeldBytes::Sample* sample, bool& handle_delivered);

  std::uint64_t position() const override { return at_; }
  Result<void> write(std::span<const std::byte> bytes) override;

  std::uint64_t received() const { return at_ - from_; }
  /// The receiver refused; its error is not the member's.
  bool refused() const { return refused_; }
  /// Another member's bytes came to be held while this request was under way: nothing was delivered, the
  /// member shows them first.
  bool must_prove() const { return must_prove_; }
  /// When the last byte came; the request's begin before that.
  TimePoint last_byte() const { return last_byte_; }

 private:
  std::uint64_t sample_end() const { return sample_->offset + sample_->bytes.size(); }
  void note_arrival();
  Result<std::size_t> take(std::span<const std::byte> bytes);
  Result<std::size_t> compare(std::span<const std::byte> bytes);
  Result<std::size_t> deliver(std::span<const std::byte> bytes);
  bool outdated() const;
  bool lacks_proof() const;

  Members& members_;
  MemberIndex member_;
  Version& version_;
  ByteSink* target_;
  const HeldBytes::Sample* sample_;
  std::uint32_t epoch_;
  std::uint64_t from_;
  std::uint64_t at_;
  TimePoint begun_;
  TimePoint last_byte_;
  bool& handle_delivered_;
  bool refused_ = false;
  bool must_prove_ = false;
};

}  // namespace balancefs
