// Deep comparison: a byte that differs is found where it is, and nothing more is read than was said.
#include "verify/byte_comparison.h"

#include <fmt/format.h>
#include <rapidcheck.h>

#include "verify_fixture.h"

namespace balancefs::test {
namespace {

/// Passes all on, with one byte of one file turned over.
class FlippingStorage final : public Storage {
 public:
  FlippingStorage(Storage& inner, Path file, std::uint64_t offset)
      : inner_(inner), file_(std::move(file)), offset_(offset) {}
  const StorageTraits& traits() const override { return inner_.traits(); }
  Task<Result<void>> list(Path directory, ListingSink& entries, RequestContext& why) override {
    return inner_.list(std::move(directory), entries, why);
  }
  Task<Result<ObjectInfo>> stat(Path path, RequestContext& why) override { return inner_.stat(path, why); }
  std::unique_ptr<ObjectReader> open(std::shared_ptr<Version> version, MemberIndex self) override {
    const bool flips = version->path() == file_;
    return std::make_unique<Reader>(inner_.open(std::move(version), self),
                                    flips ? std::optional(offset_) : std::nullopt);
  }
  Task<Result<void>> probe(RequestContext& why) override { return inner_.probe(why); }
  Task<void> close() override { return inner_.close(); }

 private:
  class Flip final : public ByteSink {
   public:
    Flip(ByteSink& to, std::optional<std::uint64_t> at) : to_(to), at_(at) {}
    std::uint64_t position() const override { return to_.position(); }
    Result<void> write(std::span<const std::byte> bytes) override {
      std::vector<std::byte> copy(bytes.begin(), bytes.end());
      const std::uint64_t begin = position();
      if (at_ && *at_ >= begin && *at_ < begin + copy.size()) copy[*at_ - begin] ^= std::byte{1};
      return to_.write(copy);
    }

   private:
    ByteSink& to_;
    std::optional<std::uint64_t> at_;
  };
  class Reader final : public ObjectReader {
   public:
    Reader(std::unique_ptr<ObjectReader> inner, std::optional<std::uint64_t> at)
        : inner_(std::move(inner)), at_(at) {}
    Task<Result<void>> read(ByteRange range, ByteSink& sink, RequestContext& why) override {
      Flip flip(sink, at_);
      co_return co_await inner_->read(range, flip, why);
    }

   private:
    std::unique_ptr<ObjectReader> inner_;
    std::optional<std::uint64_t> at_;
  };

  Storage& inner_;
  Path file_;
  std::uint64_t offset_;
};

constexpr std::uint64_t kMiB = 1024 * 1024;

class DeepTest : public VerifyTest {
 protected:
  DeepTest() { deep_.deep = true; }
  VerifyOutcome compare_flipped(std::string_view path, std::uint64_t offset) {
    FlippingStorage flipped(*members_[1], *Path::parse(path), offset);
    comparison_ = std::make_unique<TreeComparison>(
        std::vector<VerifyMember>{VerifyMember(*members_[0]), VerifyMember(flipped),
                                  VerifyMember(*members_[2])},
        deep_, t_.executor(), t_.clock, found_);
    EXPECT_TRUE(t_.run(comparison_->run()).has_value());
    return outcome_of(counts(), false);
  }
  VerifyOptions deep_;
};

TEST_F(DeepTest, AFlippedByteIsFoundAtItsOffset) {
  add_everywhere("films/one.mkv", 5 * kMiB + 17);
  add_everywhere("films/two.mkv", 100);
  for (const std::uint64_t offset : {std::uint64_t{0}, 2 * kMiB - 1, 2 * kMiB, 5 * kMiB + 16}) {
    found_.differences.clear();
    EXPECT_EQ(compare_flipped("films/one.mkv", offset), VerifyOutcome::different);
    EXPECT_EQ(found_.differences,
              Lines{fmt::format("films/one.mkv: bytes differ, the first at offset {}: /a and /b", offset)});
  }
}

TEST_F(DeepTest, EveryByteOfEveryCommonFileIsReadOnceOfEachMember) {
  add_everywhere("a", 3 * kMiB);
  add_everywhere("d/b", 12345);
  add_everywhere("empty", 0);
  fakes_[0]->add_file("only", 999);
  EXPECT_EQ(compare(deep_), VerifyOutcome::different);
  for (FakeStorage* fake : fakes_) EXPECT_EQ(fake->counts.bytes, 3 * kMiB + 12345);
  EXPECT_EQ(counts().bytes_compared, 3 * kMiB + 12345);
  EXPECT_EQ(counts().bytes_fetched, 3 * (3 * kMiB + 12345));
  EXPECT_EQ(counts().files_read, 3u);
}

TEST_F(DeepTest, WhatCannotBeReadIsUnknownAndTheOthersAreCompared) {
  add_everywhere("a", 3 * kMiB);
  fakes_[0]->fail_read = Error(ErrorKind::denied, "403");
  fakes_[2]->lie_about_bytes = true;
  EXPECT_EQ(compare(deep_), VerifyOutcome::incomplete);
  EXPECT_EQ(found_.unknowns, Lines{"a: unknown on /a: 403"});
  EXPECT_EQ(found_.differences, Lines{"a: bytes differ, the first at offset 0: /b and /c"});
}

TEST_F(DeepTest, AReadThatBreaksOffGoesOnWhereItStopped) {
  add_everywhere("a", kMiB);
  members_[1]->add({Call::read, 1, 18 * fakes_[1]->piece, Error(ErrorKind::unavailable, "reset")});
  EXPECT_EQ(compare(deep_), VerifyOutcome::same);
  EXPECT_EQ(fakes_[1]->counts.bytes, kMiB);
}

TEST_F(DeepTest, AFileThatChangesMeanwhileIsUnknown) {
  add_everywhere("a", kMiB);
  members_[1]->add({Call::read, 1, 0, Error(ErrorKind::changed, "another total")});
  EXPECT_EQ(compare(deep_), VerifyOutcome::incomplete);
  EXPECT_TRUE(found_.differences.empty());
}

TEST_F(DeepTest, SampledReadsFetchNoMoreThanTheySay) {
  for (int i = 0; i < 40; ++i) add_everywhere(fmt::format("d{}/f{}", i % 5, i), 9 * kMiB);
  deep_.sample = 10;
  EXPECT_EQ(compare(deep_), VerifyOutcome::same);
  for (FakeStorage* fake : fakes_) {
    EXPECT_EQ(fake->counts.open, 10);
    EXPECT_EQ(fake->counts.bytes, 10 * kSampledBytes);
  }
  EXPECT_EQ(counts().files_read, 10u);
  EXPECT_EQ(counts().bytes_fetched, 3 * 10 * kSampledBytes);
}

TEST_F(DeepTest, ASampleLargerThanTheTreeIsAllOfIt) {
  for (int i = 0; i < 3; ++i) add_everywhere(fmt::format("f{}", i), 1000);
  fakes_[1]->lie_about_bytes = true;
  deep_.sample = 10;
  EXPECT_EQ(compare(deep_), VerifyOutcome::different);
  EXPECT_EQ(found_.differences.size(), 3u);
  EXPECT_EQ(fakes_[0]->counts.bytes, 3000u);
}

TEST(SamplingTest, BlocksOfAFileAreItsHeadItsTailAndPlacesBetween) {
  EXPECT_TRUE(rc::check("in order, inside, without overlap", [] {
    const auto size = *rc::gen::inRange<std::uint64_t>(0, 20 * kSampledBytes);
    Random random(*rc::gen::arbitrary<std::uint64_t>());
    const std::vector<ByteRange> ranges = sample_blocks(size, random);
    std::uint64_t end = 0;
    std::uint64_t bytes = 0;
    for (const ByteRange& range : ranges) {
      RC_ASSERT(range.offset >= end);
      RC_ASSERT(range.length > 0 && range.length <= kSampleBlock);
      end = range.end();
      bytes += range.length;
    }
    RC_ASSERT(end == size);
    RC_ASSERT(bytes == std::min(size, kSampledBytes));
    if (size > 0) RC_ASSERT(ranges.front().offset == 0u);
  }));
}

TEST(SamplingTest, EveryFileIsAsLikelyAsAnyOther) {
  Random random(1);
  std::vector<int> chosen(20, 0);
  for (int round = 0; round < 4000; ++round) {
    FileSample sample(5);
    for (int i = 0; i < 20; ++i) sample.offer(AlikeFile(*Path::parse(std::to_string(i)), {}), random);
    for (const AlikeFile& file : sample.take()) ++chosen[std::stoul(file.path.str())];
  }
  for (const int times : chosen) EXPECT_NEAR(times, 1000, 150);  // five standard deviations
}

TEST(FirstDifferenceTest, IsWhereTheFirstByteDiffers) {
  const std::string left = "abcdef";
  const auto at = [&](const std::string& right) {
    return first_difference(std::as_bytes(std::span(left)), std::as_bytes(std::span(right)));
  };
  EXPECT_EQ(at("abcdef"), std::nullopt);
  EXPECT_EQ(at("abXdXf"), 2u);
  EXPECT_EQ(at("abc"), 3u);
}

}  // namespace
}  // namespace balancefs::test
