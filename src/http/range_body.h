// The body of one range request: head judged, bytes counted, delivered into the reader's sink.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "http/range_answer.h"

namespace balancefs {

/// What one range request must prove before its bytes are delivered.
struct RangeExpectation {
  std::shared_ptr<Version> version;
  std::string source;  ///< of the pins: member, direct or redirect, host
  ByteRange wanted;
  std::uint32_t epoch = 0;
  bool etags = true;
  bool sequential = false;

  RangeExpectation() = default;
};

class RangeBody final : public BodyHandler, public ByteSink {
 public:
  /// `accepted` is called when a head was found good.
  RangeBody(RangeExpectation expectation, ByteSink& sink, std::function<void()> accepted);

  /// Only 206 and 200 are judged; the bodies of other answers are dropped, and their meaning is the caller's.
  Result<ByteSink*> begin(const ResponseHead& head) override;
  std::uint64_t position() const override { return sink_.position(); }
  Result<void> write(std::span<const std::byte> bytes) override;

  bool accepted() const { return accepted_; }
  /// All that this answer had for the range was delivered, and nothing wrong came behind it.
  bool complete() const { return accepted_ && answer_.take == 0 && !overrun_; }
  /// Some of it was delivered and the rest is missing, and neither the bytes nor the sink said no.
  bool broke_off() const { return delivered_ && answer_.take > 0 && !refused_; }

 private:
  RangeExpectation expect_;
  ByteSink& sink_;
  std::function<void()> on_accepted_;
  RangeAnswer answer_;
  bool accepted_ = false;
  bool overrun_ = false;
  bool delivered_ = false;
  bool refused_ = false;  ///< by the sink
};

}  // namespace balancefs
