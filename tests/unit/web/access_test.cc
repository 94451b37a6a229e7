#include "web/access.h"

#include <gtest/gtest.h>

namespace balancefs::test {
namespace {

WebRequest from(const std::string& host) {
  WebRequest request;
  request.method = "GET";
  request.host = host;
  return request;
}

/// As the page itself asks for a change.
WebRequest change() {
  WebRequest request = from("127.0.0.1:9780");
  request.method = "POST";
  request.origin = "http://127.0.0.1:9780";
  request.fetch_site = "same-origin";
  request.content_type = "application/json";
  request.token = "0123";
  return request;
}

AccessRules rules(const std::string& password = {}) {
  AccessRules made;
  made.password = Secret(password);
  made.token = "0123";
  return made;
}

unsigned status(const std::optional<WebAnswer>& refused) {
  return refused ? refused->status : 200;
}

// SEMANTICS: "Without a password, requests that name another host than this machine are refused"
TEST(Access, WithoutAPasswordOnlyNamesOfThisMachineAreRight) {
  for (const char* right : {"127.0.0.1:9780", "127.0.0.1", "localhost:1", "LOCALHOST", "[::1]:9780", "[::1]"})
    EXPECT_EQ(status(refuse_visit(from(right), rules())), 200u) << right;
  for (const char* wrong : {"evil.example:9780", "", "localhost.evil.example", "127.0.0.1.evil.example",
                            "192.168.1.2", "[fe80::1]", "[::1", "]", "[", ":", "127.0.0.1@evil"})
    EXPECT_EQ(status(refuse_visit(from(wrong), rules())), 403u) << wrong;
}

TEST(Access, WithAPasswordItDecides) {
  WebRequest request = from("status.example.com");
  const auto refused = refuse_visit(request, rules("geheim"));
  ASSERT_EQ(status(refused), 401u);
  EXPECT_EQ(refused->headers.at(0).first, "WWW-Authenticate");
  for (const char* wrong : {"", "gehei", "geheimx", "Geheim", "geheimgeheim"}) {
    request.password = wrong;
    EXPECT_EQ(status(refuse_visit(request, rules("geheim"))), 401u) << wrong;
  }
  request.password = "geheim";
  EXPECT_EQ(status(refuse_visit(request, rules("geheim"))), 200u);
}

// SEMANTICS: "Drain and undrain by the page need a token that only the page has, and the page's own origin."
TEST(Access, OnlyThePageItselfChangesAnything) {
  EXPECT_EQ(status(refuse_change(change(), rules())), 200u);
  const auto with = [](auto edit) {
    WebRequest request = change();
    edit(request);
    return status(refuse_change(request, rules()));
  };
  EXPECT_EQ(with([](WebRequest& r) { r.token = "0124"; }), 403u);
  EXPECT_EQ(with([](WebRequest& r) { r.token = ""; }), 403u);
  EXPECT_EQ(with([](WebRequest& r) { r.origin = ""; }), 403u);
  EXPECT_EQ(with([](WebRequest& r) { r.origin = "null"; }), 403u);
  EXPECT_EQ(with([](WebRequest& r) { r.origin = "http://evil.example"; }), 403u);
  EXPECT_EQ(with([](WebRequest& r) { r.origin = "http://127.0.0.1:9781"; }), 403u);
  EXPECT_EQ(with([](WebRequest& r) { r.fetch_site = "same-site"; }), 403u);
  EXPECT_EQ(with([](WebRequest& r) { r.fetch_site = "cross-site"; }), 403u);
  EXPECT_EQ(with([](WebRequest& r) { r.content_type = "text/plain"; }), 415u);
  EXPECT_EQ(with([](WebRequest& r) { r.content_type = "application/x-www-form-urlencoded"; }), 415u);
  EXPECT_EQ(with([](WebRequest& r) { r.content_type = "application/json; charset=utf-8"; }), 200u);
  EXPECT_EQ(with([](WebRequest& r) { r.fetch_site = ""; }), 200u) << "an older browser";
  EXPECT_EQ(with([](WebRequest& r) { r.origin = "https://127.0.0.1:9780"; }), 200u) << "behind TLS";
}

TEST(Access, TokensAreLongAndDiffer) {
  EXPECT_EQ(random_token().size(), 32u);
  EXPECT_NE(random_token(), random_token());
}

}  // namespace
}  // namespace balancefs::test
