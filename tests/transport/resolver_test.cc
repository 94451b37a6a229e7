// A resolver that takes seconds must cost its own request only: not the loop, not a cancel, not the end.
//
// getaddrinfo is replaced in this program: one name blocks until the test lets it go, all others go to libc.
#include <dlfcn.h>
#include <netdb.h>

#include <atomic>
#include <cstring>
#include <thread>

#include "support/origin.h"
#include "transport/transport_fixture.h"

namespace {

std::atomic<bool> hold_resolver{false};
std::atomic<int> resolving{0};
constexpr const char* kSlowName = "slow.balancefs.test";

}  // namespace

extern "C" int getaddrinfo(const char* node, const char* service, const addrinfo* hints, addrinfo** result) {
  using Function = int (*)(const char*, const char*, const addrinfo*, addrinfo**);
  static const auto real = reinterpret_cast<Function>(dlsym(RTLD_NEXT, "getaddrinfo"));
  if (node == nullptr || std::strcmp(node, kSlowName) != 0) return real(node, service, hints, result);
  ++resolving;
  while (hold_resolver) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  --resolving;
  return EAI_NONAME;
}

namespace balancefs::test {
namespace {

class Resolver : public TransportTest {
 protected:
  Resolver() {
    origin.add_file("a", 10);
    hold_resolver = true;
  }
  ~Resolver() override {
    hold_resolver = false;
    close();
    while (resolving > 0) std::this_thread::sleep_for(1ms);  // threads that libcurl has left behind
  }
  HttpRequest slow() { return get(std::string("http://") + kSlowName + "/a", options); }

  Origin origin;
  std::shared_ptr<HttpOptions> options = direct();
  CollectingBody body;
  RequestContext why;
};

TEST_F(Resolver, ASlowNameDelaysNobodyElseAndIsCancelledAtOnce) {
  Flow<Result<ResponseHead>> waiting(loop.get_executor(), transport->send(slow(), body, why));
  ASSERT_TRUE(wait_until([] { return resolving > 0; }));
  CollectingBody quick;
  ASSERT_TRUE(send(get(origin.url() + "/a", options), quick).has_value());
  EXPECT_FALSE(waiting.done());
  waiting.cancel();
  ASSERT_TRUE(wait_until([&] { return waiting.done(); }));
  EXPECT_EQ(waiting.take().error().kind, ErrorKind::cancelled);
  EXPECT_EQ(resolving, 1) << "the resolver's thread is still at it: nobody waited for it";
  EXPECT_EQ(transport->active(), 0u);
}

TEST_F(Resolver, ASlowNameEndsAtTheConnectTimeoutAndAtTheDeadline) {
  options->connect_timeout = 100ms;
  EXPECT_EQ(send(slow(), body).error().kind, ErrorKind::timed_out);
  options->connect_timeout = 60s;
  why.deadline = clock.now() + 100ms;
  EXPECT_EQ(run(transport->send(slow(), body, why)).error().kind, ErrorKind::timed_out);
  EXPECT_GE(resolving, 1);
}

TEST_F(Resolver, TheTransportClosesBesideASlowName) {
  Flow<Result<ResponseHead>> waiting(loop.get_executor(), transport->send(slow(), body, why));
  ASSERT_TRUE(wait_until([] { return resolving > 0; }));
  close();
  EXPECT_TRUE(waiting.done());
  EXPECT_GE(resolving, 1);
}

TEST_F(Resolver, AnUnknownNameIsUnavailable) {
  hold_resolver = false;
  EXPECT_EQ(send(slow(), body).error().kind, ErrorKind::unavailable);
}

}  // namespace
}  // namespace balancefs::test
