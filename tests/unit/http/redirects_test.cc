#include "http/redirects.h"

#include <gtest/gtest.h>

#include "http/url.h"
#include "support/scripted_http.h"
#include "support/sinks.h"
#include "support/test_loop.h"

namespace balancefs::test {
namespace {

class Body final : public BodyHandler {
 public:
  Result<ByteSink*> begin(const ResponseHead& head) override {
    statuses.push_back(head.status);
    return &sink;
  }
  std::vector<int> statuses;
  StringSink sink;
};

struct Fixture {
  TestLoop t;
  ScriptedHttp http;
  Body body;
  RequestContext why;

  Result<ResponseHead> send(std::string method, std::string url, bool bulk = false) {
    HttpRequest request;
    request.method = std::move(method);
    request.url = std::move(url);
    request.bulk = bulk;
    request.options = std::make_shared<HttpOptions>();
    return t.run(send_following(http, std::move(request), body, why));
  }
  void redirect(int status, std::string location) {
    http.answer(status, {{"Location", std::move(location)}}, "<html>moved</html>");
  }
};

TEST(Url, OriginsAreSpelledOneWay) {
  EXPECT_EQ(origin_of("https://Dav.Example.com/a?b"), "https://dav.example.com:443");
  EXPECT_EQ(origin_of("http://h:8080"), "http://h:8080");
  EXPECT_EQ(origin_of("http://u:p@h/"), "http://h:80");
  EXPECT_EQ(origin_of("https://[::1]:5/"), "https://[::1]:5");
  EXPECT_EQ(origin_of("ftp://h/"), std::nullopt);
  EXPECT_EQ(origin_of("/a"), std::nullopt);
}

TEST(Url, ReferencesAreResolved) {
  EXPECT_EQ(resolve_url("https://h/a/b", "/c"), "https://h/c");
  EXPECT_EQ(resolve_url("https://h/a/b", "c?x=1"), "https://h/a/c?x=1");
  EXPECT_EQ(resolve_url("https://h/a/b", "//other/c"), "https://other/c");
  EXPECT_EQ(resolve_url("https://h/a", "http://u:p@x:81/c#f"), "http://x:81/c");
  EXPECT_EQ(resolve_url("https://h/a", "https://x/a%20b"), "https://x/a%20b");
  EXPECT_EQ(resolve_url("https://h/a", "/with space"), "https://h/with%20space");
  EXPECT_EQ(resolve_url("https://h/a", "/\xc3\xa4?n=\xc3\xa4"), "https://h/%c3%a4?n=%c3%a4");
  EXPECT_EQ(resolve_url("https://h/a", "javascript:alert(1)"), std::nullopt);
  EXPECT_EQ(resolve_url("https://h/a", "file:///etc/passwd"), std::nullopt);
  EXPECT_EQ(resolve_url("https://h/a", ""), std::nullopt);
}

TEST(Redirects, AreFollowedWithMethodAndBodyHandlerSeesTheLastHeadOnly) {
  Fixture f;
  f.redirect(301, "/b/");
  f.http.answer(207, {}, "list");
  const auto head = f.send("PROPFIND", "https://h/b");
  ASSERT_TRUE(head.has_value());
  EXPECT_EQ(f.http.requests[1].url, "https://h/b/");
  EXPECT_EQ(f.http.requests[1].method, "PROPFIND");
  EXPECT_TRUE(f.http.requests[1].send_credentials);
  EXPECT_EQ(f.body.statuses, std::vector<int>{207});
  EXPECT_EQ(f.body.sink.text, "list");
}

TEST(Redirects, CredentialsStayAtHome) {
  for (const char* elsewhere : {"https://other/b", "https://h:444/b", "https://sub.h/b"}) {
    Fixture f;
    f.redirect(302, elsewhere);
    f.http.answer(200);
    ASSERT_TRUE(f.send("GET", "https://h/b").has_value());
    EXPECT_FALSE(f.http.requests[1].send_credentials) << elsewhere;
  }
  Fixture up;
  up.redirect(302, "https://h/b");
  up.http.answer(200);
  ASSERT_TRUE(up.send("GET", "http://h/b").has_value());
  EXPECT_FALSE(up.http.requests[1].send_credentials) << "another scheme is another place";
}

TEST(Redirects, MetadataNeverLeavesEncryptionAndDataOnlyForAnotherHost) {
  Fixture metadata;
  metadata.redirect(302, "http://other/b");
  EXPECT_EQ(metadata.send("PROPFIND", "https://h/b").error().kind, ErrorKind::denied);
  Fixture same;
  same.redirect(302, "http://h/b");
  EXPECT_EQ(same.send("GET", "https://h/b", true).error().kind, ErrorKind::denied);
  Fixture data;
  data.redirect(302, "http://other/b?sign=1");
  data.http.answer(200, {}, "data");
  ASSERT_TRUE(data.send("GET", "https://h/b", true).has_value());
  EXPECT_FALSE(data.http.requests[1].send_credentials);
}

TEST(Redirects, NonsenseIsCorrupted) {
  Fixture nowhere;
  nowhere.http.answer(302);
  EXPECT_EQ(nowhere.send("GET", "https://h/b").error().kind, ErrorKind::corrupted);
  Fixture strange;
  strange.redirect(302, "file:///etc/passwd");
  EXPECT_EQ(strange.send("GET", "https://h/b").error().kind, ErrorKind::corrupted);
  Fixture see_other;
  see_other.redirect(303, "/login");
  EXPECT_EQ(see_other.send("PROPFIND", "https://h/b").error().kind, ErrorKind::corrupted);
}

TEST(Redirects, EndAfterFive) {
  Fixture f;
  f.http.otherwise = [](const HttpRequest& request) {
    return ScriptedHttp::Answer(302, {HttpHeader("Location", request.url + "x")});
  };
  const auto head = f.send("GET", "https://h/b?secret=1");
  ASSERT_FALSE(head.has_value());
  EXPECT_EQ(head.error().kind, ErrorKind::corrupted);
  EXPECT_EQ(f.http.requests.size(), 6u);
  EXPECT_EQ(head.error().text.find("secret"), std::string::npos);
}

}  // namespace
}  // namespace balancefs::test
