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

  /// Only 206 and 200 are judged; the meaning of other answers is the caller's, and their bodies are dropped
  /// but for a 503's, which may say why.
  Result<ByteSink*> begin(const ResponseHead& head) override;
  std::uint64_t position() const override { return sink_.position(); }
  Result<void> write(std::span<const std::byte> bytes) override;

  bool accepted() const { return accepted_; }
  /// What a 503 said, as far as it matters.
  std::string_view refusal() const { return refusal_.text(); }
  /// All that this answer had for the range was delivered, and nothing wrong came behind it.
  bool complete() const { return accepted_ && answer_.take == 0 && !overrun_; }
  /// Some of it was delivered and the rest is missing, and neither the bytes nor the sink said no.
  bool broke_off() const { return delivered_ && answer_.take > 0 && !refused_; }

 private:
  /// Keeps the beginning of a body and reads the rest, within reason.
  class Refusal final : public ByteSink {
   public:
    std::uint64_t position() const override { return read_; }
    Result<void> write(std::span<const std::byte> bytes) override;
    std::string_view text() const { return text_; }

   private:
    std::string text_;
    std::uint64_t read_ = 0;
  };

  RangeExpectation expect_;
  ByteSink& sink_;
  std::function<void()> on_accepted_;
  RangeAnswer answer_;
  Refusal refusal_;
  bool accepted_ = false;
  bool overrun_ = false;
  bool delivered_ = false;
  bool refused_ = false;  ///< by the sink
};

}  // namespace balancefs
