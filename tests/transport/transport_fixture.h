// Runs requests of the real transport on a real loop, with a limit that only a broken test reaches.
#pragma once

#include <gtest/gtest.h>

#include <asio/io_context.hpp>

#include "base/loop_clock.h"
#include "http/curl_transport.h"
#include "support/sinks.h"

namespace balancefs::test {

using namespace std::chrono_literals;

/// Takes 2xx bodies into a string, drops others; notes every head it is shown.
class CollectingBody final : public BodyHandler {
 public:
  Result<ByteSink*> begin(const ResponseHead& head) override {
    statuses.push_back(head.status);
    if (refuse) return std::unexpected<Error>(*refuse);
    return head.status / 100 == 2 ? &sink : nullptr;
  }
  std::vector<int> statuses;
  std::optional<Error> refuse;
  StringSink sink;
};

class TransportTest : public ::testing::Test {
 protected:
  TransportTest() : clock(loop), transport(std::make_unique<CurlTransport>(loop, clock)) {}
  ~TransportTest() override { close(); }

  /// Closes and destroys the transport, as a daemon does at its end.
  void close() {
    if (!transport) return;
    Flow<Result<void>> closing(loop.get_executor(), closed(*transport));
    wait_until([&] { return closing.done(); });
    transport.reset();
  }

  /// Runs the loop until `condition`; false after `limit`.
  template <class Condition>
  bool wait_until(Condition condition, Duration limit = 30s) {
    const TimePoint end = clock.now() + limit;
    loop.restart();
    while (!condition() && clock.now() < end) loop.run_one_for(20ms);
    return condition();
  }

  template <class T>
  T run(Task<T> task, Duration limit = 60s) {
    Flow<T> flow(loop.get_executor(), std::move(task));
    if (!wait_until([&] { return flow.done(); }, limit)) {
      ADD_FAILURE() << "a request did not end";
      flow.cancel();
      wait_until([&] { return flow.done(); });
    }
    return flow.take();
  }

  Result<ResponseHead> send(HttpRequest request, BodyHandler& body) {
    RequestContext why;
    return run(transport->send(std::move(request), body, why));
  }

  static HttpRequest get(std::string url, std::shared_ptr<const HttpOptions> options) {
    HttpRequest request;
    request.url = std::move(url);
    request.options = std::move(options);
    return request;
  }
  /// Options that ignore the environment's proxy.
  static std::shared_ptr<HttpOptions> direct() {
    auto options = std::make_shared<HttpOptions>();
    options->proxy = "none";
    return options;
  }

  asio::io_context loop;
  LoopClock clock;
  std::unique_ptr<CurlTransport> transport;

 private:
  static Task<Result<void>> closed(CurlTransport& transport) {
    co_await transport.close();
    co_return Result<void>();
  }
};

}  // namespace balancefs::test
