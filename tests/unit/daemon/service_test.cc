#include "daemon/service.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "support/temp_folder.h"
#include "support/test_loop.h"

namespace balancefs::test {
namespace {

using namespace std::chrono_literals;

class ServiceTest : public testing::Test {
 protected:
  ServiceTest() : service_(t_.loop, t_.clock, [this] { ++stops_; }, [this] { ++forces_; }) {}
  ~ServiceTest() override {
    service_.stopped();
    t_.settle();
  }

  /// A signal reaches the loop through a pipe of Asio's, which one poll may come too early for.
  void send(int signal, const int& counter, int wanted) {
    ::raise(signal);
    for (int i = 0; i < 1000 && counter != wanted; ++i) t_.settle();
    EXPECT_EQ(counter, wanted);
  }

  TestLoop t_;
  int stops_ = 0;
  int forces_ = 0;
  Service service_;
};

TEST_F(ServiceTest, TheFirstSignalStopsAndTheSecondForces) {
  send(SIGTERM, stops_, 1);
  EXPECT_EQ(forces_, 0);
  send(SIGINT, forces_, 1);
  EXPECT_EQ(stops_, 1);
}

TEST_F(ServiceTest, AnEndThatDoesNotComeIsForcedAfterItsTime) {
  send(SIGINT, stops_, 1);
  t_.pass(Service::kLongestEnd - 1s);
  EXPECT_EQ(forces_, 0);
  t_.pass(2s);
  EXPECT_EQ(forces_, 1);
}

TEST_F(ServiceTest, AnEndThatBeganOutsideIsLimitedTooAndASignalMeanwhileDoesNotForceIt) {
  service_.ending();
  send(SIGTERM, stops_, 1);
  t_.pass(Service::kLongestEnd - 1s);
  EXPECT_EQ(forces_, 0);
  t_.pass(2s);
  EXPECT_EQ(forces_, 1);
}

TEST_F(ServiceTest, AnEndInTimeIsNotForced) {
  send(SIGTERM, stops_, 1);
  service_.stopped();
  t_.pass(60s);
  EXPECT_EQ(forces_, 0);
}

TEST_F(ServiceTest, HangUpsAndBrokenPipesEndNothing) {
  ::raise(SIGHUP);
  ::raise(SIGPIPE);
  for (int i = 0; i < 100; ++i) t_.settle();
  EXPECT_EQ(stops_, 0);
  send(SIGTERM, stops_, 1);
}

TEST_F(ServiceTest, TheServiceManagerIsTold) {
  const TempFolder folder;
  const int manager = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  const std::string path = folder.path("notify");
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(manager, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  const ScopedVariable variable("NOTIFY_SOCKET", path.c_str());
  const auto received = [manager] {
    std::string text(256, '\0');
    const ssize_t count = ::recv(manager, text.data(), text.size(), 0);
    text.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    return text;
  };
  service_.ready("serving /mnt/a\nb");
  EXPECT_EQ(received(), "READY=1\nSTATUS=serving /mnt/a\\x0ab");
  send(SIGTERM, stops_, 1);
  EXPECT_EQ(received(), "STOPPING=1\nSTATUS=unmounting");
  ::close(manager);
}

}  // namespace
}  // namespace balancefs::test
