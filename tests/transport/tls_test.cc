// TLS with a certificate authority of the test's own, HTTP/2, and client certificates.
#include <fmt/format.h>

#include <cstdlib>
#include <list>

#include "support/ramp_bytes.h"
#include "support/servers.h"
#include "transport/child.h"
#include "transport/transport_fixture.h"

namespace balancefs::test {
namespace {

/// ca.pem, server.pem (for localhost) and client.pem with their keys.
class Authority {
 public:
  Authority() {
    run("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=test-ca "
        "-keyout ca.key -out ca.pem");
    issue("server", "-addext subjectAltName=DNS:localhost");
    issue("client", "");
  }
  std::string file(std::string_view name) const { return (scratch.path() / name).string(); }

 private:
  void issue(const std::string& name, const std::string& extension) {
    run(fmt::format(
        "req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN={0} {1} -keyout {0}.key "
        "-out {0}.csr",
        name, extension));
    run(fmt::format(
        "x509 -req -in {0}.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -copy_extensions copy "
        "-out {0}.pem",
        name));
  }
  void run(const std::string& arguments) const {
    const std::string line =
        fmt::format("cd {} && openssl {} >openssl.log 2>&1", scratch.path().string(), arguments);
    if (std::system(line.c_str()) != 0) ADD_FAILURE() << line;
  }
  ScratchDirectory scratch;
};

class Tls : public TransportTest {
 protected:
  static void SetUpTestSuite() { authority = std::make_unique<Authority>(); }
  static void TearDownTestSuite() { authority.reset(); }
  ~Tls() override { close(); }

  Tls() {
    ServerOptions server_options;
    server_options.certificate = authority->file("server.pem");
    server_options.key = authority->file("server.key");
    server = start_server(ServerKind::nginx_webdav, server_options);
    write_file(server->root() / "a", ramp_bytes(0, 300'000));
    options->ca_file = authority->file("ca.pem");
  }
  /// The protocol of each request as nginx saw it, in order.
  std::size_t logged(std::string_view protocol) const {
    const std::string log = server->log();
    std::size_t count = 0;
    for (std::size_t at = log.find(protocol); at != std::string::npos; at = log.find(protocol, at + 1))
      ++count;
    return count;
  }

  static std::unique_ptr<Authority> authority;
  std::unique_ptr<Server> server;
  std::shared_ptr<HttpOptions> options = direct();
  CollectingBody body;
};

std::unique_ptr<Authority> Tls::authority;

TEST_F(Tls, AServerOfAKnownAuthorityIsTrusted) {
  const auto head = send(get(server->url() + "/a", options), body);
  ASSERT_TRUE(head.has_value()) << head.error().text;
  EXPECT_EQ(body.sink.text, ramp_bytes(0, 300'000));
}

TEST_F(Tls, AnUnknownAuthorityIsUnavailableUnlessVerificationIsOff) {
  auto system = direct();
  const auto refused = send(get(server->url() + "/a", system), body);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().kind, ErrorKind::unavailable);
  auto careless = direct();
  careless->verify_tls = false;
  EXPECT_TRUE(send(get(server->url() + "/a", careless), body).has_value());
  EXPECT_FALSE(send(get(server->url() + "/a", system), body).has_value())
      << "a connection made without verification serves nobody who wants it";
}

TEST_F(Tls, AnotherNameThanTheCertificatesIsUnavailable) {
  const auto head = send(get(fmt::format("https://127.0.0.1:{}/a", server->port()), options), body);
  ASSERT_FALSE(head.has_value());
  EXPECT_EQ(head.error().kind, ErrorKind::unavailable);
}

TEST_F(Tls, MetadataUsesHttp2AndDataDoesNot) {
  ASSERT_TRUE(send(get(server->url() + "/a", options), body).has_value());
  HttpRequest data = get(server->url() + "/a", options);
  data.bulk = true;
  ASSERT_TRUE(send(std::move(data), body).has_value());
  auto old = direct();
  old->ca_file = options->ca_file;
  old->http2 = false;
  ASSERT_TRUE(send(get(server->url() + "/a", old), body).has_value());
  ASSERT_TRUE(wait_until([&] { return logged("HTTP/") == 3; }, 5s)) << server->log();
  EXPECT_EQ(logged("HTTP/2"), 1u) << server->log();
  EXPECT_EQ(logged("HTTP/1.1"), 2u) << server->log();
}

TEST_F(Tls, ManyRequestsShareAConnection) {
  std::list<CollectingBody> bodies;
  std::list<RequestContext> contexts;
  std::list<Flow<Result<ResponseHead>>> flows;
  for (int i = 0; i < 50; ++i) {
    flows.emplace_back(loop.get_executor(), transport->send(get(server->url() + "/a", options),
                                                            bodies.emplace_back(), contexts.emplace_back()));
  }
  ASSERT_TRUE(
      wait_until([&] { return std::all_of(flows.begin(), flows.end(), [](auto& f) { return f.done(); }); }));
  for (auto& flow : flows) EXPECT_TRUE(flow.take().has_value());
  for (const auto& one : bodies) EXPECT_EQ(one.sink.text.size(), 300'000u);
}

TEST_F(Tls, ACancelledStreamLeavesItsNeighboursAlone) {
  CollectingBody first, second;
  RequestContext one, two;
  Flow<Result<ResponseHead>> cancelled(loop.get_executor(),
                                       transport->send(get(server->url() + "/a", options), first, one));
  Flow<Result<ResponseHead>> kept(loop.get_executor(),
                                  transport->send(get(server->url() + "/a", options), second, two));
  ASSERT_TRUE(wait_until([&] { return !first.sink.text.empty() || !second.sink.text.empty(); }));
  cancelled.cancel();
  ASSERT_TRUE(wait_until([&] { return cancelled.done() && kept.done(); }));
  EXPECT_TRUE(kept.take().has_value());
  EXPECT_EQ(second.sink.text, ramp_bytes(0, 300'000));
}

TEST_F(Tls, AClientCertificateIsShownAtHomeOnly) {
  const int port = free_port();
  const Child demanding({"openssl", "s_server", "-accept", fmt::format("127.0.0.1:{}", port), "-www",
                         "-quiet", "-cert", authority->file("server.pem"), "-key",
                         authority->file("server.key"), "-CAfile", authority->file("ca.pem"), "-Verify", "2",
                         "-verify_return_error"});
  ASSERT_TRUE(Child::answers(port));
  const std::string url = fmt::format("https://localhost:{}/", port);
  EXPECT_FALSE(send(get(url, options), body).has_value()) << "without one";
  options->client_certificate = authority->file("client.pem");
  options->client_key = authority->file("client.key");
  const auto known = std::make_shared<HttpOptions>(*options);
  const auto head = send(get(url, known), body);
  ASSERT_TRUE(head.has_value()) << head.error().text;
  HttpRequest elsewhere = get(url, known);
  elsewhere.send_credentials = false;
  EXPECT_FALSE(send(std::move(elsewhere), body).has_value());
}

}  // namespace
}  // namespace balancefs::test
