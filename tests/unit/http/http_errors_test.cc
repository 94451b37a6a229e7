#include "http/http_errors.h"

#include <gtest/gtest.h>

namespace balancefs::test {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

// Sun, 06 Nov 1994 08:49:37 GMT
const std::chrono::system_clock::time_point kNow{std::chrono::seconds(784111777)};

ResponseHead head_with(int status, std::string retry_after = {}) {
  ResponseHead head;
  head.status = status;
  head.url = "https://dav.example.com/a";
  if (!retry_after.empty()) head.headers.emplace_back("retry-after", std::move(retry_after));
  return head;
}

TEST(HttpErrors, EveryStatusHasItsKind) {
  const std::pair<int, ErrorKind> rows[] = {
      {200, ErrorKind::corrupted},   {204, ErrorKind::corrupted},   {302, ErrorKind::corrupted},
      {400, ErrorKind::corrupted},   {401, ErrorKind::denied},      {402, ErrorKind::denied},
      {403, ErrorKind::denied},      {404, ErrorKind::not_found},   {405, ErrorKind::unsupported},
      {407, ErrorKind::denied},      {408, ErrorKind::timed_out},   {410, ErrorKind::not_found},
      {412, ErrorKind::changed},     {413, ErrorKind::too_large},   {416, ErrorKind::changed},
      {418, ErrorKind::corrupted},   {429, ErrorKind::throttled},   {451, ErrorKind::denied},
      {500, ErrorKind::unavailable}, {501, ErrorKind::unsupported}, {502, ErrorKind::unavailable},
      {503, ErrorKind::unavailable}, {504, ErrorKind::timed_out},   {507, ErrorKind::no_space},
      {520, ErrorKind::unavailable},
  };
  for (const auto& [status, kind] : rows) {
    EXPECT_EQ(http_error("GET", head_with(status), kNow).kind, kind) << status;
  }
}

TEST(HttpErrors, OnlyRefusedCredentialsAreAboutCredentials) {
  EXPECT_EQ(http_error("GET", head_with(401), kNow).detail, Error::Detail::credentials);
  EXPECT_EQ(http_error("GET", head_with(407), kNow).detail, Error::Detail::credentials);
  EXPECT_EQ(http_error("GET", head_with(403), kNow).detail, Error::Detail::none);
}

TEST(HttpErrors, RetryAfterMakesAFiveHundredThreeThrottled) {
  const Error busy = http_error("GET", head_with(503, "7"), kNow);
  EXPECT_EQ(busy.kind, ErrorKind::throttled);
  EXPECT_EQ(busy.retry_after, milliseconds(7s));
  EXPECT_EQ(http_error("GET", head_with(503, "soon"), kNow).kind, ErrorKind::unavailable);
  EXPECT_EQ(http_error("GET", head_with(500, "7"), kNow).retry_after, std::nullopt);
  EXPECT_EQ(http_error("GET", head_with(429), kNow).retry_after, std::nullopt);
}

TEST(HttpErrors, RetryAfterIsSecondsOrADate) {
  EXPECT_EQ(parse_retry_after("120", kNow), milliseconds(120s));
  EXPECT_EQ(parse_retry_after(" 0 ", kNow), milliseconds(0));
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:50:37 GMT", kNow), milliseconds(60s));
  EXPECT_EQ(parse_retry_after("Sunday, 06-Nov-94 08:50:37 GMT", kNow), milliseconds(60s));
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:00:00 GMT", kNow), milliseconds(0)) << "in the past";
  EXPECT_EQ(parse_retry_after("99999999999", kNow), milliseconds(24h)) << "a day at most";
  EXPECT_EQ(parse_retry_after("-5", kNow), std::nullopt);
  EXPECT_EQ(parse_retry_after("", kNow), std::nullopt);
}

TEST(HttpErrors, EveryWayOfAskingToSlowDownIsThrottling) {
  struct Row {
    int status;
    const char* retry_after;
    const char* body;
    std::optional<milliseconds> wait;
  };
  const char* const s3 =
      "<?xml version=\"1.0\"?><Error><Code>SlowDown</Code><Message>Reduce</Message></Error>";
  const Row rows[] = {
      {429, "", "", std::nullopt},        {429, "30", "", milliseconds(30s)}, {429, "soon", "", std::nullopt},
      {503, "30", "", milliseconds(30s)}, {503, "30", s3, milliseconds(30s)}, {503, "", s3, std::nullopt},
  };
  for (const Row& row : rows) {
    const Error error = http_error("GET", head_with(row.status, row.retry_after), row.body);
    EXPECT_EQ(error.kind, ErrorKind::throttled) << row.status << row.retry_after << row.body;
    EXPECT_EQ(error.retry_after, row.wait) << row.status << row.retry_after << row.body;
    EXPECT_EQ(blame(error), Blame::throttled);
  }
  for (const int status : {429, 503}) {
    const Error dated = http_error("GET", head_with(status, "Sun, 06 Nov 1994 08:50:37 GMT"), kNow);
    EXPECT_EQ(dated.kind, ErrorKind::throttled) << status;
    EXPECT_EQ(dated.retry_after, milliseconds(60s)) << status;
  }
  EXPECT_EQ(http_error("GET", head_with(503), "<Code>InternalError</Code>").kind, ErrorKind::unavailable);
  EXPECT_EQ(http_error("GET", head_with(404), s3).kind, ErrorKind::not_found);
}

TEST(HttpErrors, TheTextSaysWhatWasAskedAndWhatCame) {
  EXPECT_EQ(http_error("PROPFIND", head_with(404), kNow).text,
            "PROPFIND https://dav.example.com/a: status 404");
}

}  // namespace
}  // namespace balancefs::test
