// The control socket as clients meet it: real sockets, time by hand.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "control/control_server.h"
#include "support/temp_folder.h"
#include "support/test_loop.h"

namespace balancefs::test {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

/// One connection, never waiting.
class Peer {
 public:
  explicit Peer(const std::string& path) : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    connected_ = ::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    ::fcntl(fd_, F_SETFL, O_NONBLOCK);
  }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;
  ~Peer() { hang_up(); }

  bool connected() const { return connected_; }
  /// How much the socket took.
  std::size_t send(std::string_view text) const {
    const ssize_t count = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
    return count < 0 ? 0 : static_cast<std::size_t>(count);
  }
  void ask(const std::string& command) const {
    send(control_request_line(ControlRequest(command, Json::object())) + "\n");
  }
  /// All that has come.
  std::string received() const {
    std::string all;
    std::string chunk(64 * 1024, '\0');
    for (;;) {
      const ssize_t count = ::recv(fd_, chunk.data(), chunk.size(), 0);
      if (count <= 0) return all;
      all.append(chunk, 0, static_cast<std::size_t>(count));
    }
  }
  /// Whether the server has ended the connection.
  bool ended() const {
    char byte = 0;
    const ssize_t count = ::recv(fd_, &byte, 1, 0);
    return count == 0 || (count < 0 && errno == ECONNRESET);
  }
  void say_no_more() const { ::shutdown(fd_, SHUT_WR); }
  void hang_up() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

 private:
  int fd_;
  bool connected_ = false;
};

Task<Result<Json>> echo(Json arguments) {
  co_return arguments;
}
Task<Result<Json>> long_answer(Json) {
  co_return Json(std::string(8U << 20U, 'x'));
}
/// Counts who is inside.
Task<Result<Json>> slow(Clock& clock, int& running, Json) {
  struct Inside {
    explicit Inside(int& count) : count_(count) { ++count_; }
    ~Inside() { --count_; }
    int& count_;
  };
  const Inside inside(running);
  co_await sleep_for(clock, 5s);
  co_return Json("at last");
}

const std::string kGarbage = "one line of JSON is expected";

class ControlServerTest : public testing::Test {
 protected:
  void SetUp() override {
    auto socket = ControlSocket::listen(std::move(*ControlFolder::make(run_.path("run"))), "0:57");
    ASSERT_TRUE(socket.has_value()) << socket.error().text;
    path_ = socket->path();
    ControlCommands commands;
    commands.add("echo", echo);
    commands.add("long", long_answer);
    commands.add("slow", [this](Json arguments) { return slow(t_.clock, running_, std::move(arguments)); });
    server_ =
        std::make_unique<ControlServer>(t_.executor(), t_.clock, std::move(*socket), std::move(commands));
    t_.settle();
  }
  void TearDown() override {
    if (server_ == nullptr) return;
    t_.run_void(server_->close());
    EXPECT_FALSE(fs::exists(path_)) << "nothing stays behind";
    EXPECT_EQ(server_->clients(), 0u);
  }
  void settle() {
    for (int i = 0; i < 20; ++i) t_.settle();
  }
  std::string answer_to(const std::string& text) {
    const Peer peer(path_);
    peer.send(text);
    settle();
    return peer.received();
  }

  TempFolder run_;
  TestLoop t_;
  std::string path_;
  int running_ = 0;
  std::unique_ptr<ControlServer> server_;
};

TEST_F(ControlServerTest, IsForItsUserAlone) {
  struct stat info = {};
  ASSERT_EQ(::stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777U, 0600U);
  ASSERT_EQ(::stat(run_.path("run").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777U, 0700U);
}

TEST_F(ControlServerTest, AnswersOneLineWithOneLine) {
  const Peer peer(path_);
  for (int i = 0; i < 3; ++i) {
    peer.ask("echo");
    settle();
    EXPECT_EQ(peer.received(), "{\"protocol\":1,\"result\":{}}\n");
  }
  const std::string unknown = answer_to(R"({"protocol":1,"command":"drive"})"
                                        "\n");
  EXPECT_NE(unknown.find("drive: this mount knows no such command; it knows: echo, long, slow"),
            std::string::npos)
      << unknown;
}

TEST_F(ControlServerTest, TakesALineInPiecesAndSeveralAtOnce) {
  const Peer peer(path_);
  for (const char letter : std::string(R"({"protocol":1,"command":"echo"})")) {
    peer.send(std::string(1, letter));
    settle();
  }
  EXPECT_EQ(peer.received(), "");
  peer.send(
      "\n"
      R"({"protocol":1,"command":"echo"})"
      "\n");
  settle();
  EXPECT_EQ(peer.received(), "{\"protocol\":1,\"result\":{}}\n{\"protocol\":1,\"result\":{}}\n");
}

TEST_F(ControlServerTest, AnswersGarbageOnce) {
  for (const std::string& text : {std::string("\n"), std::string("\0\x01\xff\n", 4), std::string("[[[[\n"),
                                  std::string("GET / HTTP/1.1\n")}) {
    const std::string answer = answer_to(text);
    EXPECT_NE(answer.find(kGarbage), std::string::npos) << answer;
    EXPECT_EQ(std::ranges::count(answer, '\n'), 1) << answer;
  }
}

TEST_F(ControlServerTest, ALineWithoutAnEndIsRefusedAndItsClientWithIt) {
  const Peer peer(path_);
  const std::string huge(1U << 20U, 'x');
  std::size_t sent = 0;
  for (int i = 0; i < 100 && sent < huge.size(); ++i) {
    sent += peer.send(std::string_view(huge).substr(sent));
    settle();
  }
  const std::string answer = peer.received();
  EXPECT_NE(answer.find("the line is too long"), std::string::npos) << answer;
  EXPECT_TRUE(peer.ended());
  EXPECT_LT(sent, huge.size()) << "nobody reads all of that";
  EXPECT_EQ(server_->clients(), 0u);
}

TEST_F(ControlServerTest, AHundredClientsAreServedAtOnce) {
  std::vector<std::unique_ptr<Peer>> peers;
  for (int i = 0; i < 100; ++i) {
    peers.push_back(std::make_unique<Peer>(path_));
    ASSERT_TRUE(peers.back()->connected()) << i;
    peers.back()->ask(i % 2 == 0 ? "slow" : "echo");
  }
  settle();
  EXPECT_EQ(server_->clients(), 100u);
  EXPECT_EQ(running_, 50);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(peers[static_cast<std::size_t>(i)]->received().empty(), i % 2 == 0);
  t_.pass(6s);
  for (int i = 0; i < 100; i += 2) {
    EXPECT_EQ(peers[static_cast<std::size_t>(i)]->received(), "{\"protocol\":1,\"result\":\"at last\"}\n");
  }
}

TEST_F(ControlServerTest, TooManyAreToldSo) {
  std::vector<std::unique_ptr<Peer>> peers;
  for (std::size_t i = 0; i < ControlServer::kMostClients; ++i) {
    peers.push_back(std::make_unique<Peer>(path_));
    settle();
  }
  EXPECT_NE(answer_to("").find("too many commands"), std::string::npos);
  peers.pop_back();
  settle();
  EXPECT_EQ(answer_to(R"({"protocol":1,"command":"echo"})"
                      "\n"),
            "{\"protocol\":1,\"result\":{}}\n");
}

TEST_F(ControlServerTest, AnIdleClientIsLetGo) {
  const Peer silent(path_);
  const Peer half(path_);
  half.send("{\"protocol\"");
  settle();
  t_.pass(ControlServer::kIdle - 1s);
  EXPECT_EQ(server_->clients(), 2u);
  t_.pass(2s);
  EXPECT_TRUE(silent.ended());
  EXPECT_TRUE(half.ended());
  EXPECT_EQ(server_->clients(), 0u);
}

TEST_F(ControlServerTest, AClientThatNeverReadsIsLetGoAndHoldsNobodyUp) {
  const Peer deaf(path_);
  deaf.ask("long");
  settle();
  EXPECT_EQ(server_->clients(), 1u);
  EXPECT_EQ(answer_to(R"({"protocol":1,"command":"echo"})"
                      "\n"),
            "{\"protocol\":1,\"result\":{}}\n");
  t_.pass(ControlServer::kIdle + 1s);
  EXPECT_EQ(server_->clients(), 0u);
}

TEST_F(ControlServerTest, WhatAClientWantedIsGivenUpWhenItHasGone) {
  Peer peer(path_);
  peer.ask("slow");
  settle();
  EXPECT_EQ(running_, 1);
  peer.hang_up();
  settle();
  EXPECT_EQ(running_, 0);
  EXPECT_EQ(server_->clients(), 0u);
}

TEST_F(ControlServerTest, AClientThatHasNoMoreToAskStillGetsItsAnswer) {
  const Peer peer(path_);
  peer.ask("slow");
  peer.say_no_more();
  settle();
  EXPECT_EQ(running_, 1);
  t_.pass(6s);
  EXPECT_EQ(peer.received(), "{\"protocol\":1,\"result\":\"at last\"}\n");
}

TEST_F(ControlServerTest, AnEndGivesUpWhatIsUnderWay) {
  const Peer peer(path_);
  peer.ask("slow");
  const Peer waiting(path_);
  settle();
  t_.run_void(server_->close());
  EXPECT_EQ(running_, 0);
  EXPECT_TRUE(peer.ended());
  EXPECT_TRUE(waiting.ended());
  server_.reset();
}

/// What another user gets who reaches the socket all the same. A child that becomes that user asks; it must
/// not allocate.
std::string answer_to_another_user(const std::string& path, const std::function<void()>& settle) {
  int ends[2];
  EXPECT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
    char answer[1000];
    if (::setuid(65534) != 0) ::_exit(2);
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) ::_exit(3);
    constexpr std::string_view kLine = "{\"protocol\":1,\"command\":\"echo\"}\n";
    static_cast<void>(!::send(fd, kLine.data(), kLine.size(), MSG_NOSIGNAL));
    const ssize_t count = ::recv(fd, answer, sizeof answer, 0);
    if (count > 0) static_cast<void>(!::write(ends[1], answer, static_cast<std::size_t>(count)));
    ::_exit(0);
  }
  ::close(ends[1]);
  int status = -1;
  while (::waitpid(child, &status, WNOHANG) == 0) settle();
  EXPECT_EQ(status, 0);
  char text[1000];
  const ssize_t count = ::read(ends[0], text, sizeof text);
  ::close(ends[0]);
  return std::string(text, static_cast<std::size_t>(std::max<ssize_t>(0, count)));
}

TEST_F(ControlServerTest, AnotherUserIsRefused) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can become another user";
  for (const std::string& folder : {run_.path(), run_.path("run")}) ::chmod(folder.c_str(), 0755);
  ::chmod(path_.c_str(), 0666);
  const std::string answer = answer_to_another_user(path_, [this] { settle(); });
  EXPECT_NE(answer.find("belongs to another user"), std::string::npos) << answer;
  EXPECT_EQ(server_->clients(), 0u);
}

}  // namespace
}  // namespace balancefs::test
