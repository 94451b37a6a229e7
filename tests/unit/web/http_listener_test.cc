// The listener as clients of every kind meet it: real sockets, one loop.
#include "web/http_listener.h"

#include <gtest/gtest.h>

#include <deque>

#include "support/real_loop.h"
#include "support/web_client.h"

namespace balancefs::test {
namespace {

using namespace std::chrono_literals;

/// Gives 4 KiB whenever it is told that there is more.
class Ticks final : public WebStream {
 public:
  explicit Ticks(std::set<Ticks*>& all) : all_(all) { all_.insert(this); }
  ~Ticks() override { all_.erase(this); }
  std::size_t read(std::span<char> out) override {
    if (!std::exchange(due_, false)) return 0;
    const std::size_t count = std::min<std::size_t>(out.size(), 4096);
    std::fill_n(out.begin(), count, 't');
    return count;
  }
  void tick() {
    due_ = true;
    if (on_ready) on_ready();
  }

 private:
  std::set<Ticks*>& all_;
  bool due_ = false;
};

class HttpListenerTest : public testing::Test {
 protected:
  void listen(WebLimits limits = WebLimits()) {
    auto socket = ListenSocket::open("127.0.0.1", 0);
    ASSERT_TRUE(socket.has_value());
    port_ = socket->port();
    listener_ = std::make_unique<HttpListener>(
        real.loop, [this](const WebRequest& request) { return answer(request); }, limits);
    ASSERT_TRUE(listener_->start(std::move(*socket)).has_value());
  }
  template <class Condition>
  bool run_until(Condition condition, Duration limit = 30s) {
    const TimePoint deadline = real.clock.now() + limit;
    while (!condition() && real.clock.now() < deadline) {
      real.loop.restart();
      real.loop.run_one_for(10ms);
    }
    return condition();
  }
  WebClient& client() { return clients_.emplace_back(real.loop, port_); }
  /// A whole conversation; what came.
  std::string say(const std::string& request) {
    WebClient& one = client();
    one.send(request);
    one.receive();
    EXPECT_TRUE(run_until([&] { return one.ended || one.has("\r\n\r\n"); })) << request.substr(0, 200);
    return one.text;
  }
  bool works() {
    return say("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").ends_with("/ said GET");
  }

  RealLoop real;
  std::vector<WebRequest> requests_;
  std::set<Ticks*> streams_;
  std::deque<WebClient> clients_;
  std::uint16_t port_ = 0;
  std::unique_ptr<HttpListener> listener_;

 private:
  WebAnswer answer(const WebRequest& request) {
    requests_.push_back(request);
    WebAnswer made(200, request.path + " said " + request.method);
    if (request.path == "/stream") made.stream = std::make_unique<Ticks>(streams_);
    return made;
  }
};

TEST_F(HttpListenerTest, HandsOverWhatTheRulesNeed) {
  listen();
  const std::string said = say(
      "POST /drain?x=1 HTTP/1.1\r\nHost: h:1\r\nOrigin: http://h:1\r\nSec-Fetch-Site: same-origin\r\n"
      "Content-Type: application/json\r\nX-Balancefs-Token: t\r\nAuthorization: Basic YWxpY2U6Z2VoZWlt\r\n"
      "Content-Length: 2\r\n\r\n{}");
  EXPECT_TRUE(said.starts_with("HTTP/1.1 200 OK\r\n")) << said;
  ASSERT_EQ(requests_.size(), 1u);
  const WebRequest& request = requests_[0];
  EXPECT_EQ(request.path, "/drain");
  EXPECT_EQ(request.host, "h:1");
  EXPECT_EQ(request.origin, "http://h:1");
  EXPECT_EQ(request.fetch_site, "same-origin");
  EXPECT_EQ(request.content_type, "application/json");
  EXPECT_EQ(request.token, "t");
  EXPECT_EQ(request.password, "geheim");
  EXPECT_EQ(request.body, "{}");
  for (const char* header : {"Cache-Control: no-store", "Content-Security-Policy: default-src 'none'",
                             "X-Content-Type-Options: nosniff", "Cross-Origin-Resource-Policy: same-origin"})
    EXPECT_NE(said.find(header), std::string::npos) << said;
}

TEST_F(HttpListenerTest, GarbageIsRefusedAndOthersAreServed) {
  WebLimits limits;
  limits.idle = 1s;  // what begins like no request at all is waited out
  listen(limits);
  for (const std::string& garbage :
       {std::string("\0\1\2\3\r\n\r\n", 8), std::string("GET\r\n\r\n"),
        std::string("\x16\x03\x01\x02\x00 TLS?\r\n\r\n"), std::string("GET / HTTP/9.9\r\n\r\n"),
        "GET /" + std::string(20000, 'x') + " HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(40000, 'x') + "\r\n\r\n"}) {
    const std::string said = say(garbage);
    EXPECT_TRUE(said.empty() || said.starts_with("HTTP/1.1 4") || said.starts_with("HTTP/1.1 5")) << said;
  }
  EXPECT_TRUE(requests_.empty());
  EXPECT_TRUE(works());
}

TEST_F(HttpListenerTest, ABodyThatIsTooLongIsNotKept) {
  listen();
  const std::string body(6000, 'x');
  EXPECT_TRUE(
      say("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 6000\r\n\r\n" + body).starts_with("HTTP/1.1 413"));
  EXPECT_TRUE(requests_.empty());
  EXPECT_TRUE(works());
}

TEST_F(HttpListenerTest, AHundredClientsAreAllServed) {
  listen();
  for (int i = 0; i < 100; ++i) {
    WebClient& one = client();
    ASSERT_FALSE(one.refused);
    one.get("/" + std::to_string(i), "Connection: close\r\n");
    one.receive();
  }
  EXPECT_TRUE(run_until([&] { return std::ranges::all_of(clients_, &WebClient::ended); }));
  for (int i = 0; i < 100; ++i)
    EXPECT_TRUE(clients_[static_cast<std::size_t>(i)].text.ends_with("/" + std::to_string(i) + " said GET"));
}

TEST_F(HttpListenerTest, ClientsThatSayNothingAreSentAway) {
  WebLimits limits;
  limits.idle = 1s;
  limits.connections = 8;
  listen(limits);
  for (int i = 0; i < 20; ++i) client().receive();
  EXPECT_TRUE(works()) << "once the first have had their time";
  EXPECT_TRUE(run_until([&] { return std::ranges::all_of(clients_, &WebClient::ended); }));
}

TEST_F(HttpListenerTest, AStreamSendsWhenThereIsSomething) {
  listen();
  WebClient& reader = client();
  reader.get("/stream");
  reader.receive();
  ASSERT_TRUE(run_until([&] { return streams_.size() == 1; }));
  for (std::size_t i = 1; i <= 3; ++i) {
    (*streams_.begin())->tick();
    ASSERT_TRUE(run_until(
        [&] { return static_cast<std::size_t>(std::ranges::count(reader.text, 't')) >= i * 4096; }));
  }
  EXPECT_FALSE(reader.ended);
}

TEST_F(HttpListenerTest, AStreamWhoseClientLeftIsGoneWithTheNextBytes) {
  listen();
  client().get("/stream");
  ASSERT_TRUE(run_until([&] { return streams_.size() == 1; }));
  clients_.clear();
  EXPECT_TRUE(run_until([&] {
    if (!streams_.empty()) (*streams_.begin())->tick();
    return streams_.empty();
  }));
}

TEST_F(HttpListenerTest, AClientThatNeverReadsIsDroppedAndHoldsNobodyUp) {
  WebLimits limits;
  limits.idle = 1s;
  listen(limits);
  client().get("/stream");
  ASSERT_TRUE(run_until([&] { return streams_.size() == 1; }));
  std::size_t ticks = 0;
  EXPECT_TRUE(run_until([&] {
    if (!streams_.empty()) (*streams_.begin())->tick();
    ++ticks;
    return streams_.empty();
  }));
  EXPECT_GT(ticks, 10u);
  EXPECT_TRUE(works());
}

TEST_F(HttpListenerTest, EndsWithStreamsUnderWay) {
  listen();
  for (int i = 0; i < 3; ++i) {
    WebClient& one = client();
    one.get("/stream");
    one.receive();
  }
  ASSERT_TRUE(run_until([&] { return streams_.size() == 3; }));
  listener_->stop();
  listener_->stop();
  EXPECT_TRUE(streams_.empty());
  EXPECT_TRUE(run_until([&] { return std::ranges::all_of(clients_, &WebClient::ended); }));
}

TEST_F(HttpListenerTest, HeadHasNoBody) {
  listen();
  const std::string said = say("HEAD /stream HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(said.starts_with("HTTP/1.1 200")) << said;
  EXPECT_TRUE(said.ends_with("\r\n\r\n"));
  EXPECT_TRUE(streams_.empty());
}

TEST(ListenSocket, AnAddressThatIsTakenIsNamed) {
  const auto first = ListenSocket::open("127.0.0.1", 0);
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(first->url(), "http://127.0.0.1:" + std::to_string(first->port()) + "/");
  const auto second = ListenSocket::open("127.0.0.1", first->port());
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().text,
            "127.0.0.1:" + std::to_string(first->port()) + " cannot be listened on: Address already in use");
}

}  // namespace
}  // namespace balancefs::test
