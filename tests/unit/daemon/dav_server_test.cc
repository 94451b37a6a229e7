#include "daemon/dav_server.h"

#include <gtest/gtest.h>

#include "support/web_client.h"

namespace balancefs::test {
namespace {

/// Keeps what comes until the connection ends.
class Client : public WebClient {
 public:
  Client(asio::io_context& loop, const DavServer& server)
      : WebClient(loop,
                  static_cast<std::uint16_t>(std::stoi(server.url().substr(server.url().rfind(':') + 1)))) {
    if (!refused) receive();
  }
};

class DavServerTest : public ::testing::Test {
 protected:
  DavServerTest() {
    files.add_text("README.txt", "hello");
    files.add_data("films/a b.mkv", 3'000'000);
    EXPECT_TRUE(server.start().has_value());
  }
  template <class Condition>
  bool run_until(Condition condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!condition() && std::chrono::steady_clock::now() < deadline) {
      loop.restart();
      loop.run_one_for(std::chrono::milliseconds(100));
    }
    return condition();
  }
  void ask(Client& client, const std::string& first_lines) {
    client.send(first_lines + "\r\nHost: x\r\nConnection: close\r\n\r\n");
    EXPECT_TRUE(run_until([&] { return client.ended; }));
  }
  std::string expected(std::uint64_t offset, std::size_t count) const {
    std::string out(count, '\0');
    DemoFiles::read(*files.find("films/a b.mkv"), offset, out);
    return out;
  }

  asio::io_context loop;
  DemoFiles files;
  DavServer server{loop, "one", files};
};

TEST_F(DavServerTest, ServesAWholeFileAndCountsIt) {
  Client client(loop, server);
  ask(client, "GET /films/a%20b.mkv HTTP/1.1");
  EXPECT_TRUE(client.text.starts_with("HTTP/1.1 200")) << client.head();
  EXPECT_NE(client.head().find("Content-Length: 3000000\r\n"), std::string::npos) << client.head();
  EXPECT_TRUE(client.body() == expected(0, 3'000'000));
  EXPECT_EQ(server.served("films/a b.mkv").requests, 1u);
  EXPECT_EQ(server.served("films/a b.mkv").bytes, 3'000'000u);
}

TEST_F(DavServerTest, ServesARangeAndRefusesOneBeyondTheEnd) {
  Client part(loop, server);
  ask(part, "GET /films/a%20b.mkv HTTP/1.1\r\nRange: bytes=1000001-1200000");
  EXPECT_TRUE(part.text.starts_with("HTTP/1.1 206")) << part.head();
  EXPECT_NE(part.head().find("Content-Range: bytes 1000001-1200000/3000000\r\n"), std::string::npos);
  EXPECT_TRUE(part.body() == expected(1'000'001, 200'000));
  Client beyond(loop, server);
  ask(beyond, "GET /films/a%20b.mkv HTTP/1.1\r\nRange: bytes=3000000-");
  EXPECT_TRUE(beyond.text.starts_with("HTTP/1.1 416")) << beyond.head();
}

TEST_F(DavServerTest, HeadHasTheLengthAndNoBody) {
  Client client(loop, server);
  ask(client, "HEAD /films/a%20b.mkv HTTP/1.1");
  EXPECT_NE(client.head().find("Content-Length: 3000000\r\n"), std::string::npos) << client.head();
  EXPECT_EQ(client.body(), "");
}

TEST_F(DavServerTest, AnswersAPropfindThatHasABody) {
  Client client(loop, server);
  client.send(
      "PROPFIND / HTTP/1.1\r\nHost: x\r\nDepth: 1\r\nConnection: close\r\nContent-Length: "
      "11\r\n\r\n<propfind/>");
  EXPECT_TRUE(run_until([&] { return client.ended; }));
  EXPECT_TRUE(client.text.starts_with("HTTP/1.1 207")) << client.head();
  EXPECT_NE(client.body().find("<D:href>/films/</D:href>"), std::string::npos);
}

TEST_F(DavServerTest, KillCutsATransferAndRefusesNewConnections) {
  server.set_bytes_per_second(1'000'000);  // three seconds for the file: it is cut long before
  server.on_served([this](const std::string&, std::uint64_t bytes) {
    if (bytes > 200'000) server.kill();
  });
  Client cut(loop, server);
  Client beside(loop, server);
  beside.send("GET /films/a%20b.mkv HTTP/1.1\r\nHost: x\r\n\r\n");
  ask(cut, "GET /films/a%20b.mkv HTTP/1.1");
  EXPECT_FALSE(server.running());
  EXPECT_TRUE(run_until([&] { return beside.ended; })) << "every connection is closed";
  const std::string body = cut.body();
  EXPECT_LT(body.size(), 3'000'000u);
  EXPECT_TRUE(body == expected(0, body.size())) << "what came before is right";
  const Client late(loop, server);
  EXPECT_TRUE(late.refused);
}

TEST_F(DavServerTest, ComesBackOnTheSamePort) {
  const std::string url = server.url();
  server.kill();
  ASSERT_TRUE(server.start().has_value());
  EXPECT_EQ(server.url(), url);
  Client client(loop, server);
  ask(client, "GET /README.txt HTTP/1.1");
  EXPECT_EQ(client.body(), "hello");
}

TEST_F(DavServerTest, ConnectionsShareTheBandwidthEvenly) {
  server.set_bytes_per_second(20'000'000);
  Client one(loop, server);
  Client two(loop, server);
  one.send("GET /films/a%20b.mkv HTTP/1.1\r\nHost: x\r\n\r\n");
  two.send("GET /films/a%20b.mkv HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(run_until([&] { return std::max(one.text.size(), two.text.size()) > 1'500'000; }));
  EXPECT_GT(std::min(one.text.size(), two.text.size()), 1'000'000u);
}

}  // namespace
}  // namespace balancefs::test
