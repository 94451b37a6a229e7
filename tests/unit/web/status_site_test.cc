// The site without a socket: what is where, and who may change what.
#include "web/status_site.h"

#include <gtest/gtest.h>

#include "support/test_loop.h"

namespace balancefs::test {
namespace {

class StatusSiteTest : public testing::Test {
 protected:
  StatusSiteTest() {
    rules.token = "0123";
    sources.snapshot = [] {
      Snapshot snapshot;
      snapshot.mountpoint = "/mnt/\xff";  // names are bytes
      return snapshot;
    };
    sources.drain = [this](const std::string& storage, bool drained) -> Result<DrainReport> {
      if (storage != "/pt") return fail(ErrorKind::unsupported, "there are: /pt");
      asked += drained ? "drain " : "undrain ";
      DrainReport report;
      report.group = "/pt";
      return report;
    };
  }
  static WebRequest get(const std::string& path) {
    WebRequest request;
    request.method = "GET";
    request.path = path;
    request.host = "127.0.0.1:9780";
    return request;
  }
  static WebRequest post(const std::string& path, const std::string& body) {
    WebRequest request = get(path);
    request.method = "POST";
    request.origin = "http://127.0.0.1:9780";
    request.content_type = "application/json";
    request.token = "0123";
    request.body = body;
    return request;
  }
  unsigned status(const WebRequest& request) { return site().answer(request).status; }
  StatusSite& site() {
    if (!site_) site_ = std::make_unique<StatusSite>(loop.clock, sources, rules);
    return *site_;
  }

  TestLoop loop;
  AccessRules rules;
  SiteSources sources;
  std::string asked;

 private:
  std::unique_ptr<StatusSite> site_;
};

TEST_F(StatusSiteTest, HasThePageItsFilesAndMetrics) {
  EXPECT_EQ(site().answer(get("/")).type, "text/html; charset=utf-8");
  EXPECT_NE(site().answer(get("/")).body.find("<script src=\"/page.js\" defer>"), std::string::npos);
  EXPECT_EQ(site().answer(get("/page.css")).type, "text/css; charset=utf-8");
  EXPECT_EQ(site().answer(get("/page.js")).type, "text/javascript; charset=utf-8");
  EXPECT_NE(site().answer(get("/metrics")).body.find("balancefs_build_info"), std::string::npos);
  EXPECT_EQ(status(get("/../etc/passwd")), 404u);
  EXPECT_EQ(status(get("/index.html")), 404u);
}

TEST_F(StatusSiteTest, ThePageNeedsNothingFromElsewhere) {
  for (const char* path : {"/", "/page.css", "/page.js"}) {
    const std::string text = site().answer(get(path)).body;
    for (const char* outside : {"https://", "src=\"//", "url(", "@import", "innerHTML", "style=", "onclick="})
      EXPECT_EQ(text.find(outside), std::string::npos) << path << " has " << outside;
  }
}

TEST_F(StatusSiteTest, EventsBeginWithTheTokenAndTheState) {
  const WebAnswer answer = site().answer(get("/events"));
  ASSERT_NE(answer.stream, nullptr);
  EXPECT_EQ(answer.type, "text/event-stream");
  std::string text(10000, '\0');
  std::size_t count = answer.stream->read(text);
  count += answer.stream->read(std::span(text).subspan(count));
  text.resize(count);
  EXPECT_NE(text.find("event: hello\ndata: {\"token\":\"0123\"}\n\n"), std::string::npos) << text;
  EXPECT_NE(text.find("\"mountpoint\":\"/mnt/\xEF\xBF\xBD\""), std::string::npos) << text;
}

TEST_F(StatusSiteTest, ButtonsDrainAndUndrain) {
  const WebAnswer answer = site().answer(post("/drain", R"({"storage":"/pt"})"));
  EXPECT_EQ(answer.status, 200u);
  EXPECT_EQ(answer.type, "application/json");
  EXPECT_EQ(answer.body, R"({"changed":false,"group":"/pt","left":0,"usable":0})");
  EXPECT_EQ(status(post("/undrain", R"({"storage":"/pt"})")), 200u);
  EXPECT_EQ(asked, "drain undrain ");
  EXPECT_EQ(site().answer(post("/drain", R"({"storage":"/x"})")).body, "there are: /pt");
}

TEST_F(StatusSiteTest, NothingElseDoes) {
  EXPECT_EQ(status(get("/drain")), 405u);
  EXPECT_EQ(status(post("/", "{}")), 405u);
  EXPECT_EQ(status(post("/drain", "")), 400u);
  EXPECT_EQ(status(post("/drain", "[1]")), 400u);
  EXPECT_EQ(status(post("/drain", R"({"storage":7})")), 400u);
  EXPECT_EQ(status(post("/drain", std::string(5000, '['))), 400u);
  WebRequest other = post("/drain", R"({"storage":"/pt"})");
  other.token = "x";
  EXPECT_EQ(status(other), 403u);
  other = post("/drain", R"({"storage":"/pt"})");
  other.origin = "http://evil.example";
  EXPECT_EQ(status(other), 403u);
  EXPECT_EQ(asked, "");
}

TEST_F(StatusSiteTest, EverythingIsBehindThePassword) {
  rules.password = Secret("geheim");
  for (const char* path : {"/", "/page.js", "/metrics", "/events", "/nothing"})
    EXPECT_EQ(status(get(path)), 401u);
  EXPECT_EQ(status(post("/drain", R"({"storage":"/pt"})")), 401u);
  WebRequest right = get("/");
  right.password = "geheim";
  EXPECT_EQ(status(right), 200u);
}

}  // namespace
}  // namespace balancefs::test
