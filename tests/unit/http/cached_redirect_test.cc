// Redirects that a cache kept: links out of it may have expired.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <asio/io_context.hpp>
#include <fstream>
#include <iterator>

#include "base/log.h"
#include "base/loop_clock.h"
#include "http/curl_transport.h"
#include "http/range_reader.h"
#include "support/ramp_bytes.h"
#include "support/scripted_http.h"
#include "support/sinks.h"
#include "support/temp_folder.h"
#include "support/test_loop.h"

namespace balancefs::test {
namespace {

class CachedRedirectTest : public ::testing::Test {
 protected:
  CachedRedirectTest() {
    ObjectInfo info;
    info.size = 1000;
    const std::vector<ObjectInfo> copies(1, info);
    version = std::make_shared<Version>(1, *Path::parse("a"), copies);
    reader = make_range_reader(http, std::make_shared<HttpOptions>(), "https://h/a", version, 0, true);
  }
  void redirect(std::string location, std::string age = {}) {
    auto& answer = http.answer(302, {HttpHeader("Location", std::move(location))}, "moved");
    if (!age.empty()) answer.headers.emplace_back("Age", std::move(age));
  }
  void ten_bytes() { http.answer(206, {HttpHeader("Content-Range", "bytes 0-9/1000")}, ramp_bytes(0, 10)); }
  Result<void> read() {
    StringSink sink;
    return t.run(reader->read(ByteRange(0, 10), sink, why));
  }

  TestLoop t;
  ScriptedHttp http;
  RequestContext why;
  std::shared_ptr<Version> version;
  std::unique_ptr<ObjectReader> reader;
};

TEST_F(CachedRedirectTest, AnAgeTellsOfIt) {
  redirect("https://cdn/a?sign=1", "37");
  ten_bytes();
  ASSERT_TRUE(read().has_value());
  EXPECT_EQ(http.cached_redirects, std::vector<std::string>{"https://h/a"});
}

TEST_F(CachedRedirectTest, AFreshOneAndACacheBeforeTheDataAreFine) {
  redirect("https://cdn/a?sign=1", "0");
  redirect("https://node/a?sign=1", "37");
  ten_bytes();
  ASSERT_TRUE(read().has_value());
  EXPECT_TRUE(http.cached_redirects.empty());
}

TEST_F(CachedRedirectTest, AnExpiredLinkThatIsHandedOutAgainTellsOfIt) {
  redirect("https://cdn/a?sign=1");
  ten_bytes();
  ASSERT_TRUE(read().has_value());
  http.answer(403);
  redirect("https://cdn/a?sign=1");
  http.answer(403);
  EXPECT_FALSE(read().has_value());
  EXPECT_EQ(http.cached_redirects.size(), 1u);
}

TEST_F(CachedRedirectTest, ALinkWithoutASignatureMayComeAgain) {
  redirect("https://cdn/a");
  ten_bytes();
  ASSERT_TRUE(read().has_value());
  http.answer(404);
  redirect("https://cdn/a");
  http.answer(404);
  EXPECT_FALSE(read().has_value());
  EXPECT_TRUE(http.cached_redirects.empty());
}

TEST(CachedRedirects, AreLoggedOnceForEachServerAndWithoutSecrets) {
  TempFolder scratch;
  LogOptions to_file;
  to_file.target = scratch.path("log");
  ASSERT_TRUE(start_logging(to_file, true));
  asio::io_context loop;
  LoopClock clock(loop);
  CurlTransport transport(loop, clock);
  transport.redirect_was_cached("https://one.example/a?token=geheim");
  transport.redirect_was_cached("https://one.example/b");
  transport.redirect_was_cached("https://two.example/a");
  flush_log();
  std::ifstream file(to_file.target);
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  LogOptions to_stderr;
  to_stderr.target = "stderr";
  start_logging(to_stderr, true);
  EXPECT_EQ(std::ranges::count(text, '\n'), 2) << text;
  EXPECT_NE(text.find("a proxy before https://one.example:443 caches redirects"), std::string::npos) << text;
  EXPECT_EQ(text.find("geheim"), std::string::npos);
}

}  // namespace
}  // namespace balancefs::test
