// The transport against nginx: bodies, connections, cancellation.
#include <fmt/format.h>

#include <fstream>
#include <list>

#include "support/ramp_bytes.h"
#include "support/servers.h"
#include "transport/transport_fixture.h"

namespace balancefs::test {
namespace {

class Streaming : public TransportTest {
 protected:
  Streaming() : server(start_server(ServerKind::nginx_webdav)) {}

  HttpRequest get_file(const std::string& name) { return get(server->url() + "/" + name, options); }
  HttpRequest get_range(const std::string& name, const std::string& range) {
    HttpRequest request = get_file(name);
    request.bulk = true;
    request.headers.emplace_back("Range", "bytes=" + range);
    return request;
  }

  std::unique_ptr<Server> server;
  std::shared_ptr<HttpOptions> options = direct();
};

/// Counts and checks ramp bytes without keeping them.
class RampBody final : public BodyHandler, public ByteSink {
 public:
  Result<ByteSink*> begin(const ResponseHead&) override { return this; }
  std::uint64_t position() const override { return position_; }
  Result<void> write(std::span<const std::byte> bytes) override {
    right = right && is_ramp(bytes, position_);
    position_ += bytes.size();
    if (position_ > stop_after) return fail(ErrorKind::no_space, "the sink is full");
    return {};
  }
  bool right = true;
  std::uint64_t stop_after = UINT64_MAX;

 private:
  std::uint64_t position_ = 0;
};

TEST_F(Streaming, GetsAFileAndARange) {
  write_file(server->root() / "a", ramp_bytes(0, 100'000));
  CollectingBody whole;
  const auto head = send(get_file("a"), whole);
  ASSERT_TRUE(head.has_value()) << head.error().text;
  EXPECT_EQ(head->status, 200);
  ASSERT_NE(head->header("content-length"), nullptr);
  EXPECT_EQ(*head->header("content-length"), "100000");
  EXPECT_EQ(whole.sink.text, ramp_bytes(0, 100'000));
  CollectingBody part;
  const auto partial = send(get_range("a", "500-999"), part);
  ASSERT_TRUE(partial.has_value()) << partial.error().text;
  EXPECT_EQ(partial->status, 206);
  EXPECT_EQ(part.sink.text, ramp_bytes(500, 500));
}

TEST_F(Streaming, StreamsTwoHundredMegabytes) {
  constexpr std::uint64_t kSize = 200ull << 20;
  std::ofstream file(server->root() / "big", std::ios::binary);
  const std::string block = ramp_bytes(0, 251 * 4096);
  for (std::uint64_t at = 0; at < kSize; at += block.size()) {
    file.write(block.data(), static_cast<std::streamsize>(std::min<std::uint64_t>(block.size(), kSize - at)));
  }
  file.close();
  RampBody body;
  HttpRequest request = get_file("big");
  request.bulk = true;
  const auto head = send(std::move(request), body);
  ASSERT_TRUE(head.has_value()) << head.error().text;
  EXPECT_EQ(body.position(), kSize);
  EXPECT_TRUE(body.right);
}

TEST_F(Streaming, AFullSinkEndsTheTransferWithItsOwnError) {
  write_file(server->root() / "a", ramp_bytes(0, 4 << 20));
  RampBody body;
  body.stop_after = 100'000;
  const auto head = send(get_file("a"), body);
  ASSERT_FALSE(head.has_value());
  EXPECT_EQ(head.error().kind, ErrorKind::no_space);
  EXPECT_LT(body.position(), 1u << 20);
}

TEST_F(Streaming, CancellingInMidBodyLeavesNothingBehind) {
  ServerOptions slow;
  slow.bytes_per_second = 64 * 1024;
  const auto slow_server = start_server(ServerKind::nginx_webdav, slow);
  write_file(slow_server->root() / "a", ramp_bytes(0, 8 << 20));
  RampBody body;
  RequestContext why;
  {
    Flow<Result<ResponseHead>> flow(loop.get_executor(),
                                    transport->send(get(slow_server->url() + "/a", options), body, why));
    ASSERT_TRUE(wait_until([&] { return body.position() > 0; }));
    EXPECT_EQ(transport->active(), 1u);
    flow.cancel();
    ASSERT_TRUE(wait_until([&] { return flow.done(); }));
    EXPECT_EQ(flow.take().error().kind, ErrorKind::cancelled);
  }
  EXPECT_EQ(transport->active(), 0u);
}

TEST_F(Streaming, ClosingEndsWhatRuns) {
  ServerOptions slow;
  slow.bytes_per_second = 64 * 1024;
  const auto slow_server = start_server(ServerKind::nginx_webdav, slow);
  write_file(slow_server->root() / "a", ramp_bytes(0, 8 << 20));
  RampBody body;
  RequestContext why;
  Flow<Result<ResponseHead>> flow(loop.get_executor(),
                                  transport->send(get(slow_server->url() + "/a", options), body, why));
  ASSERT_TRUE(wait_until([&] { return body.position() > 0; }));
  close();
  ASSERT_TRUE(flow.done());
  EXPECT_EQ(flow.take().error().kind, ErrorKind::cancelled);
}

TEST_F(Streaming, ARestartedServerCostsNoError) {
  write_file(server->root() / "a", "first");
  CollectingBody first;
  ASSERT_TRUE(send(get_file("a"), first).has_value());
  server->stop();
  server->start();
  CollectingBody second;
  const auto head = send(get_file("a"), second);
  ASSERT_TRUE(head.has_value()) << head.error().text;
  EXPECT_EQ(second.sink.text, "first");
}

TEST_F(Streaming, AStoppedServerIsUnavailable) {
  server->stop();
  CollectingBody body;
  const auto head = send(get_file("a?token=secret"), body);
  ASSERT_FALSE(head.has_value());
  EXPECT_EQ(head.error().kind, ErrorKind::unavailable);
  EXPECT_EQ(head.error().text.find("secret"), std::string::npos);
  EXPECT_TRUE(body.statuses.empty());
}

TEST_F(Streaming, AFrozenServerIsStalledOrTimedOutAsAsked) {
  write_file(server->root() / "a", "x");
  CollectingBody warm;
  ASSERT_TRUE(send(get_file("a"), warm).has_value());
  server->freeze();
  CollectingBody body;
  HttpRequest stalling = get_file("a");
  stalling.stall_timeout = 1s;
  EXPECT_EQ(send(std::move(stalling), body).error().kind, ErrorKind::stalled);
  HttpRequest limited = get_file("a");
  limited.total_timeout = 300ms;
  EXPECT_EQ(send(std::move(limited), body).error().kind, ErrorKind::timed_out);
  RequestContext why;
  why.deadline = clock.now() + 300ms;
  EXPECT_EQ(run(transport->send(get_file("a"), body, why)).error().kind, ErrorKind::timed_out);
  EXPECT_EQ(transport->active(), 0u);
  EXPECT_TRUE(body.statuses.empty());
  server->thaw();
}

TEST_F(Streaming, HundredsOfPartsAtOnce) {
  write_file(server->root() / "a", ramp_bytes(0, 1 << 20));
  std::vector<std::unique_ptr<CollectingBody>> bodies;
  std::list<RequestContext> contexts;
  std::list<Flow<Result<ResponseHead>>> flows;
  for (int i = 0; i < 200; ++i) {
    bodies.push_back(std::make_unique<CollectingBody>());
    HttpRequest request = get_range("a", fmt::format("{}-{}", i * 1000, i * 1000 + 4999));
    flows.emplace_back(loop.get_executor(),
                       transport->send(std::move(request), *bodies.back(), contexts.emplace_back()));
  }
  ASSERT_TRUE(wait_until(
      [&] { return std::all_of(flows.begin(), flows.end(), [](auto& flow) { return flow.done(); }); }));
  int at = 0;
  for (auto& flow : flows) {
    EXPECT_TRUE(flow.take().has_value());
    EXPECT_EQ(bodies[static_cast<std::size_t>(at)]->sink.text,
              ramp_bytes(static_cast<std::uint64_t>(at) * 1000, 5000));
    ++at;
  }
}

}  // namespace
}  // namespace balancefs::test
