// What the tests of reading share: an engine over a fake storage on a manual clock, and reads as flows.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "io/frame_memory.h"
#include "io/read_engine.h"
#include "support/fake_storage.h"
#include "support/ramp_bytes.h"
#include "support/test_loop.h"

namespace balancefs::test {

inline constexpr std::uint64_t kKiB = 1024;
inline constexpr std::uint64_t kMiB = 1024 * 1024;

/// The answer's bytes, copied; the answer itself is let go of.
inline Task<Result<std::string>> read_text(FileReader& reader, std::uint64_t offset, std::size_t size) {
  Result<ReadReply> reply = co_await reader.read(offset, size);
  if (!reply) co_return std::unexpected<Error>(reply.error());
  std::string text;
  for (const auto& piece : reply->pieces)
    text.append(reinterpret_cast<const char*>(piece.data()), piece.size());
  EXPECT_EQ(text.size(), reply->size());
  co_return text;
}

/// Whether an answer is exactly the ramp bytes asked for; says little when it is not.
inline testing::AssertionResult is_ramp(const Result<std::string>& answer, std::uint64_t offset,
                                        std::size_t size, std::uint32_t seed) {
  if (!answer)
    return testing::AssertionFailure() << to_string(answer.error().kind) << ": " << answer.error().text;
  if (answer->size() != size)
    return testing::AssertionFailure() << answer->size() << " bytes instead of " << size;
  if (*answer == ramp_bytes(offset, size, seed)) return testing::AssertionSuccess();
  return testing::AssertionFailure() << "other bytes at " << offset;
}

inline Task<Result<ReadReply>> read_reply(FileReader& reader, std::uint64_t offset, std::size_t size) {
  return reader.read(offset, size);
}

/// A read under way; cancelled when the test ends before it.
class Bytes {
 public:
  Bytes(TestLoop& loop, Task<Result<std::string>> task)
      : loop_(loop), flow_(loop.executor(), std::move(task)) {}
  Bytes(const Bytes&) = delete;
  ~Bytes() {
    flow_.cancel();
    loop_.settle();
  }
  bool done() const { return flow_.done(); }
  void cancel() { flow_.cancel(); }
  Result<std::string> take() { return done() ? flow_.take() : fail(ErrorKind::unsupported, "still waiting"); }

 private:
  TestLoop& loop_;
  Flow<Result<std::string>> flow_;
};

/// One engine, one storage "/pt" with files of ramp bytes.
class Reading : public testing::Test {
 protected:
  explicit Reading(std::uint64_t budget = 64 * kMiB)
      : storage("/pt", t.executor(), t.clock), engine(budget, ReadOptions(), t.executor(), t.clock) {}

  ~Reading() override {
    t.scope.cancel();
    t.settle();
    t.run_void(engine.close());
    t.settle();
    const ReadSnapshot now = engine.snapshot();
    EXPECT_EQ(now.parts, 0u);
    EXPECT_EQ(now.in_flight, 0u);
    EXPECT_EQ(now.queued, 0u);
    EXPECT_EQ(now.handles, 0u) << "a handle is left";
    EXPECT_EQ(now.used, now.held) << "a grant or a pin is left";
    EXPECT_EQ(storage.counts.running, 0);
  }

  std::shared_ptr<Version> version_of(const std::string& path) {
    const ObjectInfo info = storage.nodes.at(path).info;
    return std::make_shared<Version>(++last_id, *Path::parse(path), std::vector<ObjectInfo>(1, info));
  }
  std::unique_ptr<FileReader> open(const std::shared_ptr<Version>& version) {
    return engine.open(version, storage.open(version, 0));
  }
  std::unique_ptr<FileReader> open(const std::string& path) { return open(version_of(path)); }

  Result<std::string> read(FileReader& reader, std::uint64_t offset, std::size_t size) {
    return t.run(read_text(reader, offset, size));
  }
  std::unique_ptr<Bytes> begin(FileReader& reader, std::uint64_t offset, std::size_t size) {
    return std::make_unique<Bytes>(t, read_text(reader, offset, size));
  }

  TestLoop t;
  FakeStorage storage;
  ReadEngine engine;
  std::uint64_t last_id = 0;
};

}  // namespace balancefs::test
