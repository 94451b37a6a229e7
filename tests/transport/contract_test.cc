// What the transport promises about heads, bodies and credentials, against the origin.
#include <fmt/format.h>

#include <asio/ip/tcp.hpp>
#include <asio/write.hpp>
#include <thread>

#include "support/origin.h"
#include "support/ramp_bytes.h"
#include "support/shaper.h"
#include "transport/transport_fixture.h"

namespace balancefs::test {
namespace {

class Contract : public TransportTest {
 protected:
  Contract() { origin.add_file("a", 100'000); }
  ~Contract() override { close(); }

  HttpRequest ask(std::string path = "/a") { return get(origin.url() + path, options); }
  void demand_password() {
    OriginLies lies;
    lies.user = "alice";
    lies.password = "secret";
    origin.set_lies(lies);
  }
  void script(OriginReply reply) {
    origin.set_script([reply](const OriginRequest&) { return std::optional(reply); });
  }

  Origin origin;
  std::shared_ptr<HttpOptions> options = direct();
  CollectingBody body;
};

TEST_F(Contract, SendsMethodHeadersAndBody) {
  HttpRequest request = ask("/");
  request.method = "PROPFIND";
  request.headers.emplace_back("Depth", "1");
  request.headers.emplace_back("Content-Type", "application/xml");
  request.body = "<propfind/>";
  const auto head = send(std::move(request), body);
  ASSERT_TRUE(head.has_value()) << head.error().text;
  EXPECT_EQ(head->status, 207);
  EXPECT_NE(body.sink.text.find("<D:href>/a</D:href>"), std::string::npos);
  const auto seen = origin.requests().at(0);
  EXPECT_EQ(seen.method, "PROPFIND");
  EXPECT_EQ(seen.header("depth"), "1");
  EXPECT_EQ(seen.header("content-type"), "application/xml");
  EXPECT_EQ(seen.header("content-length"), "11");
  EXPECT_EQ(seen.header("accept-encoding"), "identity");
  EXPECT_TRUE(seen.header("user-agent").starts_with("balancefs/"));
  EXPECT_EQ(seen.header("expect"), "");
}

TEST_F(Contract, HandlesAreUsedAgainWithoutAMemoryOfTheLastRequest) {
  HttpRequest find = ask("/");
  find.method = "PROPFIND";
  find.body = "<propfind/>";
  ASSERT_TRUE(send(std::move(find), body).has_value());
  HttpRequest head_only = ask();
  head_only.method = "HEAD";
  CollectingBody none;
  const auto head = send(std::move(head_only), none);
  ASSERT_TRUE(head.has_value());
  EXPECT_EQ(*head->header("content-length"), "100000");
  EXPECT_TRUE(none.sink.text.empty());
  EXPECT_EQ(none.statuses, std::vector<int>{200});
  CollectingBody data;
  ASSERT_TRUE(send(ask(), data).has_value());
  EXPECT_EQ(data.sink.text, ramp_bytes(0, 100'000));
  EXPECT_EQ(origin.requests().at(2).header("content-length"), "");
  EXPECT_EQ(origin.requests().at(2).method, "GET");
}

TEST_F(Contract, AHandlerThatRefusesEndsTheTransfer) {
  body.refuse = Error(ErrorKind::changed, "not this one");
  const auto head = send(ask(), body);
  ASSERT_FALSE(head.has_value());
  EXPECT_EQ(head.error().kind, ErrorKind::changed);
  EXPECT_TRUE(body.sink.text.empty());
}

TEST_F(Contract, ADroppedBodyIsNotReadToItsEnd) {
  OriginReply reply(404, "text/html", "");
  reply.ramp = true;
  reply.length = 1ull << 40;
  reply.bytes_per_second = 16 << 20;
  script(reply);
  const auto head = send(ask(), body);
  ASSERT_TRUE(head.has_value()) << head.error().text;
  EXPECT_EQ(head->status, 404);
  EXPECT_EQ(body.statuses, std::vector<int>{404});
}

TEST_F(Contract, AShortBodyIsCorrupted) {
  OriginLies lies;
  lies.cut_after = 1000;
  origin.set_lies(lies);
  EXPECT_EQ(send(ask(), body).error().kind, ErrorKind::corrupted);
}

TEST_F(Contract, AContentEncodingIsCorrupted) {
  OriginLies lies;
  lies.content_encoding = true;
  origin.set_lies(lies);
  EXPECT_EQ(send(ask(), body).error().kind, ErrorKind::corrupted);
  EXPECT_TRUE(body.statuses.empty());
}

TEST_F(Contract, AnEncodedErrorPageIsStillThatError) {
  OriginReply reply(404, "text/html", "not really gzip");
  reply.headers.emplace_back("Content-Encoding", "gzip");
  script(reply);
  const auto head = send(ask(), body);
  ASSERT_TRUE(head.has_value()) << head.error().text;
  EXPECT_EQ(head->status, 404);
}

TEST_F(Contract, ASlowAnswerHoldsNobodyBack) {
  Shaper slow(origin.port());
  slow.set_fault(ShaperFault::stall);
  CollectingBody held;
  RequestContext why;
  const std::string url = slow.url() + "/a";
  Flow<Result<ResponseHead>> waiting(loop.get_executor(), transport->send(get(url, options), held, why));
  ASSERT_TRUE(wait_until([&] { return slow.counts().requests == 1; }));
  CollectingBody other;
  RequestContext other_why;
  Flow<Result<ResponseHead>> second(loop.get_executor(),
                                    transport->send(get(url, options), other, other_why));
  EXPECT_TRUE(wait_until([&] { return slow.counts().requests == 2; })) << "a connection of its own, at once";
  slow.set_fault(ShaperFault::none);
  ASSERT_TRUE(wait_until([&] { return waiting.done() && second.done(); }));
  EXPECT_TRUE(waiting.take().has_value() && second.take().has_value());
}

TEST_F(Contract, AHugeHeadIsCorrupted) {
  OriginReply reply(200, "text/plain", "x");
  for (int i = 0; i < 400; ++i) reply.headers.emplace_back(fmt::format("X-{}", i), "y");
  script(reply);
  EXPECT_EQ(send(ask(), body).error().kind, ErrorKind::corrupted);
  EXPECT_TRUE(body.statuses.empty());
}

TEST_F(Contract, AutomaticCredentialsAreRefusedOnceThenSentAtOnce) {
  demand_password();
  options->user = "alice";
  options->password = Secret("secret");
  for (int i = 0; i < 3; ++i) {
    HttpRequest request = ask("/");
    request.method = "PROPFIND";
    request.body = "<propfind/>";
    const auto head = send(std::move(request), body);
    ASSERT_TRUE(head.has_value()) << head.error().text;
  }
  EXPECT_EQ(body.statuses, (std::vector<int>{207, 207, 207})) << "the handler never sees the negotiation";
  EXPECT_EQ(origin.counts().requests, 4u);
  EXPECT_EQ(origin.counts().authorizations, 3u);
}

TEST_F(Contract, WrongCredentialsAreAFinalAnswer) {
  demand_password();
  options->user = "alice";
  options->password = Secret("wrong");
  const auto head = send(ask(), body);
  ASSERT_TRUE(head.has_value());
  EXPECT_EQ(head->status, 401);
  EXPECT_EQ(body.statuses, std::vector<int>{401});
}

TEST_F(Contract, CredentialsStayHomeWhenTheRequestSaysSo) {
  for (const auto auth : {HttpOptions::Auth::basic, HttpOptions::Auth::bearer}) {
    auto with = direct();
    with->auth = auth;
    with->user = "alice";
    with->password = Secret("secret");
    with->token = Secret("token");
    HttpRequest request = get(origin.url() + "/a", with);
    ASSERT_TRUE(send(request, body).has_value());
    request.send_credentials = false;
    ASSERT_TRUE(send(request, body).has_value());
  }
  ASSERT_EQ(origin.requests().size(), 4u);
  EXPECT_EQ(origin.requests().at(0).header("authorization"), "Basic YWxpY2U6c2VjcmV0");
  EXPECT_EQ(origin.requests().at(2).header("authorization"), "Bearer token");
  EXPECT_EQ(origin.requests().at(1).header("authorization"), "");
  EXPECT_EQ(origin.requests().at(3).header("authorization"), "");
}

TEST_F(Contract, RedirectsAreNotFollowed) {
  OriginReply reply(302, "text/html", "moved");
  reply.headers.emplace_back("Location", "/b");
  script(reply);
  const auto head = send(ask(), body);
  ASSERT_TRUE(head.has_value());
  EXPECT_EQ(head->status, 302);
  EXPECT_EQ(origin.counts().requests, 1u);
}

TEST_F(Contract, AProxyIsUsedWhenConfigured) {
  Shaper proxy(origin.port());  // passes on what it gets: the absolute URL of a proxied request
  options->proxy = proxy.url();
  HttpRequest request = get("http://files.example.com/a", options);
  const auto head = send(std::move(request), body);
  ASSERT_TRUE(head.has_value()) << head.error().text;
  EXPECT_EQ(proxy.counts().requests, 1u);
  EXPECT_EQ(origin.requests().at(0).header("host"), "files.example.com");
}

TEST_F(Contract, WhatIsNotHttpIsCorrupted) {
  asio::io_context other;
  asio::ip::tcp::acceptor acceptor(other, asio::ip::tcp::endpoint(asio::ip::address_v4::loopback(), 0));
  std::thread server([&] {
    asio::ip::tcp::socket client = acceptor.accept();
    const std::string banner = "SSH-2.0-OpenSSH_9.2\r\n\r\n";
    asio::write(client, asio::buffer(banner));
    char request[1024];
    std::error_code ignored;
    client.read_some(asio::buffer(request), ignored);
  });
  const auto head =
      send(get(fmt::format("http://127.0.0.1:{}/", acceptor.local_endpoint().port()), options), body);
  server.join();
  ASSERT_FALSE(head.has_value());
  EXPECT_EQ(head.error().kind, ErrorKind::corrupted);
}

}  // namespace
}  // namespace balancefs::test
