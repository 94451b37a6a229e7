#include "http/range_reader.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <list>
#include <set>

#include "support/ramp_bytes.h"
#include "support/scripted_http.h"
#include "support/sinks.h"
#include "support/test_loop.h"

namespace balancefs::test {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kSize = 1000;

std::shared_ptr<Version> version_of(std::uint64_t size) {
  ObjectInfo info;
  info.size = size;
  return std::make_shared<Version>(1, *Path::parse("a"), std::vector<ObjectInfo>{info});
}

std::vector<HttpHeader> range_headers(std::uint64_t first, std::uint64_t last, std::uint64_t total = kSize) {
  std::vector<HttpHeader> headers;
  headers.emplace_back("Content-Range", fmt::format("bytes {}-{}/{}", first, last, total));
  headers.emplace_back("Content-Length", std::to_string(last - first + 1));
  return headers;
}

class RangeReaderTest : public ::testing::Test {
 protected:
  RangeReaderTest() {
    http.set_clock(t.clock);
    reader = make_range_reader(http, std::make_shared<HttpOptions>(), "https://h/a", version, 3, true);
  }

  /// A correct 206.
  ScriptedHttp::Answer& partial(std::uint64_t first, std::uint64_t last, std::string etag = {}) {
    auto headers = range_headers(first, last);
    if (!etag.empty()) headers.emplace_back("ETag", std::move(etag));
    return http.answer(206, std::move(headers), ramp_bytes(first, last - first + 1));
  }
  void redirect(std::string location) {
    http.answer(302, {HttpHeader("Location", std::move(location))}, "moved");
  }

  Result<void> read(std::uint64_t first, std::uint64_t last) {
    sink = StringSink(first);
    return t.run(reader->read(ByteRange(first, last - first + 1), sink, why));
  }
  ErrorKind failure(std::uint64_t first, std::uint64_t last) {
    const auto result = read(first, last);
    EXPECT_FALSE(result.has_value());
    EXPECT_TRUE(sink.text.empty()) << "nothing wrong is ever delivered";
    return result ? ErrorKind::cancelled : result.error().kind;
  }

  TestLoop t;
  ScriptedHttp http;
  std::shared_ptr<Version> version = version_of(kSize);
  std::unique_ptr<ObjectReader> reader;
  RequestContext why;
  StringSink sink;
};

TEST_F(RangeReaderTest, DeliversTheRange) {
  partial(100, 199, "W/\"v1\"");
  ASSERT_TRUE(read(100, 199).has_value());
  EXPECT_EQ(sink.text, ramp_bytes(100, 100));
  EXPECT_EQ(http.sent(0, "range"), "bytes=100-199");
  EXPECT_EQ(http.sent(0, "cache-control"), "no-cache");
  EXPECT_TRUE(http.requests[0].bulk);
  EXPECT_EQ(why.served_by, 3);
  partial(200, 299);
  ASSERT_TRUE(read(200, 299).has_value());
  EXPECT_EQ(http.sent(1, "cache-control"), "") << "only a resolve keeps caches out";
}

TEST_F(RangeReaderTest, AShorterRangeIsDataAndTheRestIsAskedAgain) {
  partial(100, 119);
  partial(120, 199);
  ASSERT_TRUE(read(100, 199).has_value());
  EXPECT_EQ(sink.text, ramp_bytes(100, 100));
  EXPECT_EQ(http.sent(1, "range"), "bytes=120-199");
}

TEST_F(RangeReaderTest, AWrongRangeIsCorrupted) {
  const auto answer = [&](std::uint64_t first, std::uint64_t last) {
    http.answer(206, range_headers(first, last), ramp_bytes(first, last - first + 1));
  };
  answer(101, 199);
  EXPECT_EQ(failure(100, 199), ErrorKind::corrupted);
  answer(100, 200);
  EXPECT_EQ(failure(100, 199), ErrorKind::corrupted);
  answer(0, 99);
  EXPECT_EQ(failure(100, 199), ErrorKind::corrupted);
  http.answer(206, {}, ramp_bytes(100, 100));
  EXPECT_EQ(failure(100, 199), ErrorKind::corrupted) << "without Content-Range";
  http.answer(206, {HttpHeader("Content-Type", "multipart/byteranges; boundary=x")}, "--x");
  EXPECT_EQ(failure(100, 199), ErrorKind::corrupted);
  auto headers = range_headers(100, 199);
  headers[1].value = "99";
  http.answer(206, headers, ramp_bytes(100, 99));
  EXPECT_EQ(failure(100, 199), ErrorKind::corrupted) << "Content-Length contradicts";
}

TEST_F(RangeReaderTest, AnotherTotalIsChanged) {
  http.answer(206, range_headers(100, 199, kSize + 1), ramp_bytes(100, 100));
  EXPECT_EQ(failure(100, 199), ErrorKind::changed);
  http.answer(416, {HttpHeader("Content-Range", "bytes */50")});
  EXPECT_EQ(failure(100, 199), ErrorKind::changed);
  http.answer(416);
  EXPECT_EQ(failure(100, 199), ErrorKind::changed);
  http.answer(412);
  EXPECT_EQ(failure(100, 199), ErrorKind::changed);
  http.answer(416, {HttpHeader("Content-Range", "bytes */1000")});
  EXPECT_EQ(failure(100, 199), ErrorKind::corrupted) << "refuses a range inside what it says it has";
}

TEST_F(RangeReaderTest, AnUnknownTotalIsFine) {
  http.answer(206, {HttpHeader("Content-Range", "bytes 0-9/*")}, ramp_bytes(0, 10));
  EXPECT_TRUE(read(0, 9).has_value());
}

TEST_F(RangeReaderTest, AnotherValidatorFromTheSameSourceIsChanged) {
  partial(0, 9, "\"v1\"");
  ASSERT_TRUE(read(0, 9).has_value());
  partial(10, 19, "\"v2\"");
  EXPECT_EQ(failure(10, 19), ErrorKind::changed);
  partial(10, 19, "W/\"v1\"");
  EXPECT_TRUE(read(10, 19).has_value());
}

TEST_F(RangeReaderTest, EtagsAreIgnoredWhereTheyCannotBeReliedOn) {
  reader = make_range_reader(http, std::make_shared<HttpOptions>(), "https://h/a", version, 3, false);
  partial(0, 9, "\"node1\"");
  partial(10, 19, "\"node2\"");
  EXPECT_TRUE(read(0, 9).has_value());
  EXPECT_TRUE(read(10, 19).has_value());
}

TEST_F(RangeReaderTest, AWholeAnswerIsDataFromTheStartOnlyAndStopsAfterTheRange) {
  http.answer(200, {HttpHeader("Content-Length", "1000")}, ramp_bytes(0, kSize));
  ASSERT_TRUE(read(0, 99).has_value());
  EXPECT_EQ(sink.text, ramp_bytes(0, 100));
  http.answer(200, {HttpHeader("Content-Length", "1000")}, ramp_bytes(0, kSize));
  ASSERT_TRUE(read(0, 999).has_value());
  EXPECT_EQ(sink.text, ramp_bytes(0, kSize));
}

TEST_F(RangeReaderTest, AWholeAnswerToALaterRangeSaysNoRange) {
  http.answer(200, {HttpHeader("Content-Length", "1000")}, ramp_bytes(0, kSize));
  const auto result = read(100, 199);
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().kind, ErrorKind::unsupported);
  EXPECT_EQ(result.error().detail, Error::Detail::no_range);
  EXPECT_TRUE(sink.text.empty());
}

TEST_F(RangeReaderTest, WhatPrecedesTheRangeIsDroppedWhenTheCallerSaysSo) {
  why.sequential_fallback = true;
  auto& answer = http.answer(200, {HttpHeader("Content-Length", "1000")});
  answer.pieces = {ramp_bytes(0, 30), ramp_bytes(30, 100), ramp_bytes(130, 870)};
  ASSERT_TRUE(read(100, 199).has_value());
  EXPECT_EQ(sink.text, ramp_bytes(100, 100));
}

TEST_F(RangeReaderTest, APageIsNeverData) {
  std::vector<HttpHeader> page;
  page.emplace_back("Content-Type", "text/html");
  page.emplace_back("Content-Length", "77");
  http.answer(200, page, std::string(77, 'x'));
  EXPECT_EQ(failure(0, 99), ErrorKind::corrupted);
  http.answer(200, {}, ramp_bytes(0, kSize));
  EXPECT_EQ(failure(0, 99), ErrorKind::corrupted) << "no length";
  http.answer(200, {HttpHeader("Content-Length", "999")}, ramp_bytes(0, 999));
  EXPECT_EQ(failure(0, 99), ErrorKind::changed) << "data of another length";
  http.answer(204);
  EXPECT_EQ(failure(0, 99), ErrorKind::corrupted);
}

TEST_F(RangeReaderTest, ABodyShorterThanItsHeadIsCorruptedButWhatCameIsRight) {
  auto& answer = partial(0, 99);
  answer.pieces = {ramp_bytes(0, 60)};
  const auto result = read(0, 99);
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().kind, ErrorKind::corrupted);
  EXPECT_EQ(sink.text, ramp_bytes(0, 60));
}

TEST_F(RangeReaderTest, MoreBytesThanTheRangeAreNotDelivered) {
  http.answer(206, {HttpHeader("Content-Range", "bytes 0-9/1000")}, ramp_bytes(0, 20));
  EXPECT_FALSE(read(0, 9).has_value());
  EXPECT_EQ(sink.text, ramp_bytes(0, 10));
}

TEST_F(RangeReaderTest, ABrokenTransferReportsItsErrorAndWhatCame) {
  auto& answer = partial(0, 99);
  answer.pieces = {ramp_bytes(0, 60)};
  answer.error = Error(ErrorKind::unavailable, "reset");
  EXPECT_EQ(read(0, 99).error().kind, ErrorKind::unavailable);
  EXPECT_EQ(sink.position(), 60u);
}

TEST_F(RangeReaderTest, StatusesKeepTheirMeaning) {
  http.answer(404);
  EXPECT_EQ(failure(0, 9), ErrorKind::not_found);
  http.answer(403);
  EXPECT_EQ(failure(0, 9), ErrorKind::denied);
  http.answer(429, {HttpHeader("Retry-After", "5")});
  EXPECT_EQ(failure(0, 9), ErrorKind::throttled);
  http.answer(500);
  EXPECT_EQ(failure(0, 9), ErrorKind::unavailable);
}

TEST_F(RangeReaderTest, SlowDownInTheBodyOfA503IsThrottlingAndAnyOther503IsNot) {
  http.answer(503, {}, "<Error><Code>SlowDown</Code></Error>");
  EXPECT_EQ(failure(0, 9), ErrorKind::throttled);
  http.answer(503, {}, "<Error><Code>InternalError</Code></Error>");
  EXPECT_EQ(failure(0, 9), ErrorKind::unavailable);
  http.answer(503, {}, std::string(100'000, 'x') + "<Code>SlowDown</Code>");
  EXPECT_EQ(failure(0, 9), ErrorKind::unavailable) << "nobody reads an endless one";
}

TEST_F(RangeReaderTest, ATargetIsKeptForFurtherRangesAndGetsNoCredentials) {
  redirect("https://cdn/a?sign=1");
  partial(0, 9, "\"cdn\"");
  ASSERT_TRUE(read(0, 9).has_value());
  partial(10, 19, "\"cdn\"");
  ASSERT_TRUE(read(10, 19).has_value());
  ASSERT_EQ(http.requests.size(), 3u);
  EXPECT_EQ(http.requests[2].url, "https://cdn/a?sign=1");
  EXPECT_FALSE(http.requests[2].send_credentials);
  EXPECT_EQ(http.sent(0, "cache-control"), "no-cache");
  EXPECT_EQ(http.sent(1, "cache-control"), "");
}

TEST_F(RangeReaderTest, ServersBehindARedirectHaveValidatorsOfTheirOwn) {
  partial(0, 9, "\"home\"");
  ASSERT_TRUE(read(0, 9).has_value());
  redirect("https://cdn/a?sign=1");
  partial(10, 19, "\"cdn\"");
  EXPECT_TRUE(read(10, 19).has_value());
  partial(20, 29, "\"home\"");
  EXPECT_EQ(failure(20, 29), ErrorKind::changed) << "the same host as before, another validator";
}

TEST_F(RangeReaderTest, AnExpiredTargetIsResolvedOnceMore) {
  for (const int status : {401, 403, 404, 410}) {
    reader = make_range_reader(http, std::make_shared<HttpOptions>(), "https://h/a", version, 3, true);
    http.requests.clear();
    redirect("https://cdn/a?sign=1");
    partial(0, 9);
    ASSERT_TRUE(read(0, 9).has_value());
    http.answer(status, {}, "expired");
    redirect("https://cdn/a?sign=2");
    partial(10, 19);
    ASSERT_TRUE(read(10, 19).has_value()) << status;
    EXPECT_EQ(http.requests[3].url, "https://h/a");
    EXPECT_EQ(http.sent(3, "cache-control"), "no-cache");
    EXPECT_EQ(http.requests[4].url, "https://cdn/a?sign=2");
  }
}

TEST_F(RangeReaderTest, AFreshTargetThatRefusesIsAnError) {
  redirect("https://cdn/a?sign=1");
  http.answer(403);
  const auto result = read(0, 9);
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().kind, ErrorKind::denied);
  EXPECT_EQ(result.error().text.find("sign"), std::string::npos) << "links are never shown with their query";
  EXPECT_TRUE(http.exhausted());
}

TEST_F(RangeReaderTest, ReadsAtOnceShareOneResolve) {
  http.answer(302, {HttpHeader("Location", "https://cdn/a?sign=1")}).hold = true;
  http.otherwise = [](const HttpRequest& request) {
    const auto range = request.headers.at(0).value;
    const auto first = std::stoull(range.substr(6));
    return ScriptedHttp::Answer(206, range_headers(first, first + 9), ramp_bytes(first, 10));
  };
  std::list<StringSink> sinks;
  std::list<RequestContext> contexts;
  std::list<Flow<Result<void>>> flows;
  for (std::uint64_t i = 0; i < 8; ++i) {
    auto& into = sinks.emplace_back(i * 10);
    flows.emplace_back(t.executor(), reader->read(ByteRange(i * 10, 10), into, contexts.emplace_back()));
  }
  t.settle();
  EXPECT_EQ(http.requests.size(), 1u);
  http.release();
  t.settle();
  EXPECT_EQ(http.requests.size(), 9u);
  for (auto& flow : flows) EXPECT_TRUE(flow.done() && flow.take().has_value());
}

TEST_F(RangeReaderTest, ThoseWhoWaitForAResolveShareItsFailure) {
  http.answer(404).hold = true;
  StringSink one(0), two(10);
  RequestContext first_why, second_why;
  Flow<Result<void>> first(t.executor(), reader->read(ByteRange(0, 10), one, first_why));
  t.settle();
  Flow<Result<void>> second(t.executor(), reader->read(ByteRange(10, 10), two, second_why));
  t.settle();
  http.release();
  t.settle();
  ASSERT_TRUE(first.done() && second.done());
  EXPECT_EQ(first.take().error().kind, ErrorKind::not_found);
  EXPECT_EQ(second.take().error().kind, ErrorKind::not_found);
  EXPECT_EQ(http.requests.size(), 1u);
}

TEST_F(RangeReaderTest, AWaiterTakesOverFromACancelledResolveAndKeepsItsDeadline) {
  http.answer(302, {HttpHeader("Location", "https://cdn/a")}).hold = true;
  StringSink one(0), two(10), three(20);
  RequestContext first_why, second_why, third_why;
  third_why.deadline = t.clock.now() + 5s;
  Flow<Result<void>> first(t.executor(), reader->read(ByteRange(0, 10), one, first_why));
  t.settle();
  Flow<Result<void>> second(t.executor(), reader->read(ByteRange(10, 10), two, second_why));
  Flow<Result<void>> third(t.executor(), reader->read(ByteRange(20, 10), three, third_why));
  t.pass(6s);
  ASSERT_TRUE(third.done());
  EXPECT_EQ(third.take().error().kind, ErrorKind::timed_out);
  EXPECT_FALSE(second.done());
  partial(10, 19);
  first.cancel();
  t.settle();
  ASSERT_TRUE(first.done() && second.done());
  EXPECT_TRUE(second.take().has_value());
  EXPECT_EQ(two.text, ramp_bytes(10, 10));
}

TEST_F(RangeReaderTest, TargetsThatAnswerOnceStillServeEveryRange) {
  int sign = 0;
  std::set<std::string> used;
  http.otherwise = [&](const HttpRequest& request) {
    if (request.url == "https://h/a") {
      return ScriptedHttp::Answer(302,
                                  {HttpHeader("Location", fmt::format("https://cdn/a?sign={}", ++sign))});
    }
    if (!used.insert(request.url).second) return ScriptedHttp::Answer(403, {});
    const auto first = std::stoull(request.headers.at(0).value.substr(6));
    return ScriptedHttp::Answer(206, range_headers(first, first + 9), ramp_bytes(first, 10));
  };
  std::list<StringSink> sinks;
  std::list<RequestContext> contexts;
  std::list<Flow<Result<void>>> flows;
  for (std::uint64_t i = 0; i < 8; ++i) {
    auto& into = sinks.emplace_back(i * 10);
    flows.emplace_back(t.executor(), reader->read(ByteRange(i * 10, 10), into, contexts.emplace_back()));
  }
  t.settle();
  for (auto& flow : flows) EXPECT_TRUE(flow.done() && flow.take().has_value());
}

TEST_F(RangeReaderTest, AnAnswerThatBeganBeforeTheVersionMovedOnIsDropped) {
  partial(0, 9, "\"old\"").hold = true;
  StringSink into(0);
  Flow<Result<void>> flow(t.executor(), reader->read(ByteRange(0, 10), into, why));
  t.settle();
  version->follow();
  http.release();
  t.settle();
  ASSERT_TRUE(flow.done());
  EXPECT_EQ(flow.take().error().kind, ErrorKind::cancelled);
  EXPECT_TRUE(version->confirm("3/direct/h:443", Validator("\"new\"", std::nullopt)).has_value());
}

TEST_F(RangeReaderTest, ALinkIsResolvedAgainWhenTheVersionFollowsItsFile) {
  redirect("https://cdn/one?sig=1");
  partial(0, 99);
  ASSERT_TRUE(read(0, 99).has_value());
  version->follow();
  redirect("https://cdn/two?sig=2");
  partial(100, 199);
  ASSERT_TRUE(read(100, 199).has_value());
  EXPECT_EQ(http.requests.at(2).url, "https://h/a");
  EXPECT_EQ(http.requests.at(3).url, "https://cdn/two?sig=2");
}

}  // namespace
}  // namespace balancefs::test
