// Links behind a redirect that expire in the middle of a part, between parts, or break for other reasons.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <list>

#include "http/range_reader.h"
#include "support/ramp_bytes.h"
#include "support/scripted_http.h"
#include "support/sinks.h"
#include "support/test_loop.h"

namespace balancefs::test {
namespace {

constexpr std::uint64_t kSize = 1000;
constexpr const char* kOriginal = "https://h/a";

std::vector<HttpHeader> range_headers(std::uint64_t first, std::uint64_t last) {
  std::vector<HttpHeader> headers;
  headers.emplace_back("Content-Range", fmt::format("bytes {}-{}/{}", first, last, kSize));
  headers.emplace_back("Content-Length", std::to_string(last - first + 1));
  return headers;
}

std::pair<std::uint64_t, std::uint64_t> range_of(const HttpRequest& request) {
  const std::string& range = request.headers.at(0).value;  // "bytes=FIRST-LAST"
  return {std::stoull(range.substr(6)), std::stoull(range.substr(range.find('-') + 1))};
}

/// Takes so many bytes, then none.
class FullSink final : public ByteSink {
 public:
  explicit FullSink(std::uint64_t room) : room_(room) {}
  std::uint64_t position() const override { return taken_; }
  Result<void> write(std::span<const std::byte> bytes) override {
    if (taken_ + bytes.size() > room_) return fail(ErrorKind::corrupted, "not what is held");
    taken_ += bytes.size();
    return {};
  }

 private:
  std::uint64_t room_;
  std::uint64_t taken_ = 0;
};

class LinkRenewalTest : public ::testing::Test {
 protected:
  LinkRenewalTest() {
    http.set_clock(t.clock);
    ObjectInfo info;
    info.size = kSize;
    const std::vector<ObjectInfo> copies(1, info);
    version = std::make_shared<Version>(1, *Path::parse("a"), copies);
    reader = make_range_reader(http, std::make_shared<HttpOptions>(), kOriginal, version, 3, true);
  }

  static std::string link(int sign) { return fmt::format("https://cdn/a?sign={}", sign); }
  void redirect(int sign) { http.answer(302, {HttpHeader("Location", link(sign))}, "moved"); }
  void partial(std::uint64_t first, std::uint64_t last) {
    http.answer(206, range_headers(first, last), ramp_bytes(first, last - first + 1));
  }
  /// A good head for the range, of which `count` bytes come before the connection breaks.
  void broken(std::uint64_t first, std::uint64_t last, std::uint64_t count,
              ErrorKind kind = ErrorKind::unavailable) {
    auto& answer = http.answer(206, range_headers(first, last));
    if (count > 0) answer.pieces = {ramp_bytes(first, count)};
    answer.error = Error(kind, "broken");
  }
  Result<void> read(std::uint64_t first, std::uint64_t last) {
    sink = StringSink(first);
    return t.run(reader->read(ByteRange(first, last - first + 1), sink, why));
  }
  /// The parts [0, 10), [10, 20), ... read at once; whether all succeeded with the right bytes.
  bool read_parts(std::uint64_t count) {
    std::list<StringSink> sinks;
    std::list<RequestContext> contexts;
    std::list<Flow<Result<void>>> flows;
    for (std::uint64_t i = 0; i < count; ++i) {
      auto& into = sinks.emplace_back(i * 10);
      flows.emplace_back(t.executor(), reader->read(ByteRange(i * 10, 10), into, contexts.emplace_back()));
    }
    t.settle();
    bool right = true;
    for (auto& flow : flows) right = flow.done() && flow.take().has_value() && right;
    for (const auto& into : sinks) right = into.text == ramp_bytes(into.position() - 10, 10) && right;
    return right;
  }
  std::size_t resolves() const {
    return static_cast<std::size_t>(
        std::ranges::count_if(http.requests, [](const auto& request) { return request.url == kOriginal; }));
  }

  TestLoop t;
  ScriptedHttp http;
  std::shared_ptr<Version> version;
  std::unique_ptr<ObjectReader> reader;
  RequestContext why;
  StringSink sink;
};

// SEMANTICS: "A link that breaks off after bytes came is asked for the rest; one that refuses that has
// expired and is renewed, with the read going on at the same byte"
TEST_F(LinkRenewalTest, ALinkThatExpiresInTheMiddleOfAPartIsRenewedWhereItBroke) {
  for (const int status : {401, 403, 404, 410}) {
    reader = make_range_reader(http, std::make_shared<HttpOptions>(), kOriginal, version, 3, true);
    http.requests.clear();
    redirect(1);
    broken(0, 99, 60);
    http.answer(status, {}, "expired");
    redirect(2);
    partial(60, 99);
    ASSERT_TRUE(read(0, 99).has_value()) << status;
    EXPECT_EQ(sink.text, ramp_bytes(0, 100));
    ASSERT_EQ(http.requests.size(), 5u);
    EXPECT_EQ(http.requests[2].url, link(1));
    EXPECT_EQ(http.sent(2, "range"), "bytes=60-99");
    EXPECT_EQ(http.requests[3].url, kOriginal);
    EXPECT_EQ(http.sent(3, "cache-control"), "no-cache");
    EXPECT_EQ(http.requests[4].url, link(2));
    EXPECT_EQ(http.sent(4, "range"), "bytes=60-99");
  }
}

TEST_F(LinkRenewalTest, ABodyThatJustEndsEarlyIsNoDifferent) {
  redirect(1);
  partial(0, 9);
  ASSERT_TRUE(read(0, 9).has_value());
  http.answer(206, range_headers(10, 99), ramp_bytes(10, 40));
  http.answer(403, {}, "expired");
  redirect(2);
  partial(50, 99);
  ASSERT_TRUE(read(10, 99).has_value());
  EXPECT_EQ(sink.text, ramp_bytes(10, 90));
}

TEST_F(LinkRenewalTest, ALinkThatStillWorksIsNotResolvedAnew) {
  redirect(1);
  broken(0, 99, 60, ErrorKind::corrupted);
  partial(60, 99);
  ASSERT_TRUE(read(0, 99).has_value());
  EXPECT_EQ(sink.text, ramp_bytes(0, 100));
  EXPECT_EQ(resolves(), 1u);
}

TEST_F(LinkRenewalTest, ALinkThatBreaksAtTheSameByteAgainIsReported) {
  redirect(1);
  broken(0, 99, 60);
  broken(60, 99, 0);
  const auto result = read(0, 99);
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().kind, ErrorKind::unavailable);
  EXPECT_EQ(sink.position(), 60u);
  EXPECT_EQ(http.requests.size(), 3u);
}

TEST_F(LinkRenewalTest, ALinkThatBreaksTwiceIsReportedAlthoughItMovesOn) {
  redirect(1);
  broken(0, 99, 60);
  broken(60, 99, 20);
  EXPECT_EQ(read(0, 99).error().kind, ErrorKind::unavailable);
  EXPECT_EQ(sink.text, ramp_bytes(0, 80));
}

TEST_F(LinkRenewalTest, ARenewedLinkThatBreaksAtTheSameByteIsReported) {
  redirect(1);
  broken(0, 99, 60);
  http.answer(403, {}, "expired");
  redirect(2);
  broken(60, 99, 0);
  EXPECT_EQ(read(0, 99).error().kind, ErrorKind::unavailable);
  EXPECT_EQ(resolves(), 2u);
}

TEST_F(LinkRenewalTest, ALinkThatBreaksBeforeItsFirstByteIsReportedAtOnce) {
  redirect(1);
  broken(0, 99, 0);
  EXPECT_EQ(read(0, 99).error().kind, ErrorKind::unavailable);
  EXPECT_EQ(http.requests.size(), 2u);
}

TEST_F(LinkRenewalTest, TheOriginalServerIsReportedAtOnce) {
  broken(0, 99, 60);
  EXPECT_EQ(read(0, 99).error().kind, ErrorKind::unavailable);
  EXPECT_EQ(http.requests.size(), 1u);
}

TEST_F(LinkRenewalTest, LimitsOfTheReadAreNotTheLinksFault) {
  for (const ErrorKind kind : {ErrorKind::timed_out, ErrorKind::stalled, ErrorKind::cancelled}) {
    reader = make_range_reader(http, std::make_shared<HttpOptions>(), kOriginal, version, 3, true);
    redirect(1);
    broken(0, 99, 60, kind);
    EXPECT_EQ(read(0, 99).error().kind, kind);
    EXPECT_TRUE(http.exhausted());
  }
}

TEST_F(LinkRenewalTest, WhatTheSinkRefusesIsNotAskedAgain) {
  redirect(1);
  auto& answer = http.answer(206, range_headers(0, 99));
  answer.pieces = {ramp_bytes(0, 60), ramp_bytes(60, 40)};
  FullSink full(60);
  const auto result = t.run(reader->read(ByteRange(0, 100), full, why));
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().text, "not what is held");
  EXPECT_EQ(http.requests.size(), 2u);
}

TEST_F(LinkRenewalTest, MoreBytesThanTheRangeAreNotAskedAgain) {
  redirect(1);
  http.answer(206, {HttpHeader("Content-Range", "bytes 0-9/1000")}, ramp_bytes(0, 20));
  EXPECT_EQ(read(0, 9).error().kind, ErrorKind::corrupted);
  EXPECT_EQ(http.requests.size(), 2u);
}

TEST_F(LinkRenewalTest, ARenewedLinkToAnotherStateOfTheFileDeliversNothing) {
  redirect(1);
  broken(0, 99, 60);
  http.answer(403, {}, "expired");
  redirect(2);
  http.answer(206, {HttpHeader("Content-Range", "bytes 60-99/2000")}, ramp_bytes(60, 40));
  EXPECT_EQ(read(0, 99).error().kind, ErrorKind::changed);
  EXPECT_EQ(sink.text, ramp_bytes(0, 60));
}

// A CDN whose links end after so many bytes: it breaks off there and refuses them from then on.
class ExpiringLinks {
 public:
  ExpiringLinks(ScriptedHttp& http, std::uint64_t life) : life_(life) {
    http.otherwise = [this](const HttpRequest& request) { return answer(request); };
  }
  int links() const { return sign_; }

 private:
  ScriptedHttp::Answer answer(const HttpRequest& request) {
    if (request.url == kOriginal) {
      used_ = 0;
      return ScriptedHttp::Answer(302,
                                  {HttpHeader("Location", fmt::format("https://cdn/a?sign={}", ++sign_))});
    }
    const bool old = request.url != fmt::format("https://cdn/a?sign={}", sign_);
    if (old || used_ >= life_) return ScriptedHttp::Answer(403, {});
    const auto [first, last] = range_of(request);
    const std::uint64_t count = std::min(life_ - used_, last - first + 1);
    used_ += count;
    return ScriptedHttp::Answer(206, range_headers(first, last), ramp_bytes(first, count));
  }

  std::uint64_t life_;
  std::uint64_t used_ = 0;
  int sign_ = 0;
};

TEST_F(LinkRenewalTest, LinksMayExpireSeveralTimesInOnePart) {
  const ExpiringLinks cdn(http, 30);
  ASSERT_TRUE(read(0, 99).has_value());
  EXPECT_EQ(sink.text, ramp_bytes(0, 100));
  EXPECT_EQ(cdn.links(), 4);
}

TEST_F(LinkRenewalTest, LinksThatNeverLiveForLongAreReportedInTheEnd) {
  const ExpiringLinks cdn(http, 1);
  const auto result = read(0, 999);
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().kind, ErrorKind::corrupted);
  EXPECT_EQ(sink.text, ramp_bytes(0, sink.text.size()));
  EXPECT_LE(http.requests.size(), 40u) << "bounded, although every link brings a byte";
}

TEST_F(LinkRenewalTest, PartsThatRunAtOnceShareOneRenewal) {
  // All eight break off after five bytes; the link refuses the rest; the renewed one serves them.
  int sign = 0;
  http.otherwise = [&](const HttpRequest& request) {
    if (request.url == kOriginal) return ScriptedHttp::Answer(302, {HttpHeader("Location", link(++sign))});
    const auto [first, last] = range_of(request);
    const bool rest = first % 10 != 0;
    if (request.url == link(1) && rest) return ScriptedHttp::Answer(403, {});
    return ScriptedHttp::Answer(206, range_headers(first, last),
                                ramp_bytes(first, rest ? last - first + 1 : 5));
  };
  EXPECT_TRUE(read_parts(8));
  EXPECT_EQ(resolves(), 2u);
}

TEST_F(LinkRenewalTest, ALinkThatExpiresBetweenPartsIsRenewedOnceForAllOfThem) {
  redirect(1);
  partial(0, 9);
  ASSERT_TRUE(read(0, 9).has_value());
  http.otherwise = [&](const HttpRequest& request) {
    if (request.url == kOriginal) return ScriptedHttp::Answer(302, {HttpHeader("Location", link(2))});
    if (request.url == link(1)) return ScriptedHttp::Answer(403, {});
    const auto [first, last] = range_of(request);
    return ScriptedHttp::Answer(206, range_headers(first, last), ramp_bytes(first, last - first + 1));
  };
  EXPECT_TRUE(read_parts(8));
  EXPECT_EQ(resolves(), 2u);
}

}  // namespace
}  // namespace balancefs::test
