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

TEST_F(ServiceTest, EverySigusr1RefreshesAndEndsNothing) {
  int refreshed = 0;
  ::raise(SIGUSR1);
  for (int i = 0; i < 100; ++i) t_.settle();
  service_.set_on_refresh([&] { ++refreshed; });
  send(SIGUSR1, refreshed, 1);
  send(SIGUSR1, refreshed, 2);
  EXPECT_EQ(stops_ + forces_, 0);
}

/// The service manager's side: a socket that NOTIFY_SOCKET names.
class Manager {
 public:
  Manager() : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    folder_.path("notify").copy(address.sun_path, sizeof address.sun_path - 1);
    EXPECT_EQ(::bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  Manager(const Manager&) = delete;
  Manager& operator=(const Manager&) = delete;
  ~Manager() { ::close(socket_); }
  std::string received() const {
    std::string text(256, '\0');
    const ssize_t count = ::recv(socket_, text.data(), text.size(), 0);
    text.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    return text;
  }

 private:
  TempFolder folder_;
  int socket_;
  ScopedVariable variable_{"NOTIFY_SOCKET", folder_.path("notify").c_str()};
};

TEST_F(ServiceTest, TheServiceManagerIsTold) {
  const Manager manager;
  service_.ready("serving /mnt/a\nb");
  EXPECT_EQ(manager.received(), "READY=1\nSTATUS=serving /mnt/a\\x0ab");
  t_.pass(60s);
  EXPECT_EQ(manager.received(), "") << "there is no watchdog";
  send(SIGTERM, stops_, 1);
  EXPECT_EQ(manager.received(), "STOPPING=1\nSTATUS=unmounting");
}

TEST_F(ServiceTest, TheWatchdogIsFedTwiceInItsTimeFromReadinessToTheEnd) {
  const Manager manager;
  const ScopedVariable time("WATCHDOG_USEC", "60000000");
  const auto meals_within = [&](Duration time_passing) {
    int meals = 0;
    for (Duration passed{}; passed < time_passing; passed += 1s) {
      t_.pass(1s);
      while (manager.received() == "WATCHDOG=1") ++meals;
    }
    return meals;
  };
  EXPECT_EQ(meals_within(120s), 0) << "not ready yet";
  service_.ready("serving");
  EXPECT_EQ(manager.received(), "READY=1\nSTATUS=serving");
  EXPECT_EQ(manager.received(), "WATCHDOG=1");
  EXPECT_EQ(meals_within(600s), 20);
  service_.stopped();
  manager.received();  // STOPPING=1
  EXPECT_EQ(meals_within(120s), 0);
}

}  // namespace
}  // namespace balancefs::test
