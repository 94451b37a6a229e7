#include "control/control_server.h"

#include <sys/socket.h>
#include <unistd.h>

#include <asio/buffer.hpp>
#include <asio/redirect_error.hpp>
#include <asio/write.hpp>
#include <cstring>

#include "base/log.h"

namespace balancefs {
namespace {

constexpr std::size_t kChunk = 4096;
constexpr Duration kPauseAfterFailure = std::chrono::seconds(1);  // out of descriptors, most likely

/// Root may always; nobody else speaks to the mount of a user.
bool may_speak(int descriptor) {
  ucred peer = {};
  socklen_t size = sizeof peer;
  if (::getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return false;
  return peer.uid == 0 || peer.uid == ::geteuid();
}

}  // namespace

/// One connection.
class ControlServer::Client {
 public:
  Client(Socket socket, Clock& clock, std::size_t& count)
      : socket_(std::move(socket)), clock_(clock), count_(count) {
    ++count_;
  }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client() { --count_; }

  Socket& socket() { return socket_; }
  /// The next line; nothing when the client has gone or is idle. `too_large` for a line without an end.
  Task<Result<std::optional<std::string>>> read_line();
  /// False when the client has gone or does not take it.
  Task<bool> write_line(std::string line);

 private:
  /// Whatever waits for the socket after that time ends.
  void limit() {
    limit_ = clock_.call_at(clock_.now() + kIdle, [this] {
      asio::error_code ignored;
      socket_.close(ignored);
    });
  }

  Socket socket_;
  Clock& clock_;
  std::size_t& count_;
  std::string buffer_;
  Timer limit_;
};

Task<Result<std::optional<std::string>>> ControlServer::Client::read_line() {
  limit();
  std::size_t end = buffer_.find('\n');
  while (end == std::string::npos) {
    if (buffer_.size() > kLongestRequest) co_return fail(ErrorKind::too_large, "the line is too long");
    const std::size_t held = buffer_.size();
    buffer_.resize(held + kChunk);
    asio::error_code error;
    const std::size_t count = co_await socket_.async_read_some(
        asio::buffer(buffer_.data() + held, kChunk), asio::redirect_error(asio::use_awaitable, error));
    buffer_.resize(held + count);
    if (error) co_return std::optional<std::string>();
    end = buffer_.find('\n', held);
  }
  limit_.reset();
  std::string line = buffer_.substr(0, end);
  buffer_.erase(0, end + 1);
  co_return std::optional<std::string>(std::move(line));
}

Task<bool> ControlServer::Client::write_line(std::string line) {
  limit();
  line += '\n';
  asio::error_code error;
  co_await asio::async_write(socket_, asio::buffer(line), asio::redirect_error(asio::use_awaitable, error));
  limit_.reset();
  co_return !error;
}

ControlServer::ControlServer(Executor executor, Clock& clock, ControlSocket socket, ControlCommands commands)
    : clock_(clock),
      socket_(std::move(socket)),
      commands_(std::move(commands)),
      acceptor_(executor),
      scope_(std::move(executor)) {
  acceptor_.assign(asio::local::stream_protocol(), socket_->release());
  scope_.spawn(accept());
}

ControlServer::~ControlServer() = default;

Task<void> ControlServer::close() {
  socket_.reset();
  asio::error_code ignored;
  acceptor_.close(ignored);
  co_await scope_.close();
}

Task<void> ControlServer::accept() {
  for (;;) {
    asio::error_code error;
    Socket socket = co_await acceptor_.async_accept(asio::redirect_error(asio::use_awaitable, error));
    if (!acceptor_.is_open()) co_return;
    if (!error) {
      take(std::move(socket));
      continue;
    }
    log_warning("control socket: {}", error.message());
    co_await sleep_for(clock_, kPauseAfterFailure);
  }
}

void ControlServer::take(Socket socket) {
  std::optional<Error> refusal;
  if (!may_speak(socket.native_handle())) {
    refusal.emplace(ErrorKind::denied, "this mount belongs to another user");
  } else if (clients_ >= kMostClients) {
    refusal.emplace(ErrorKind::unavailable, "too many commands speak to this mount at once");
  }
  if (!refusal) {
    scope_.spawn(serve(std::make_shared<Client>(std::move(socket), clock_, clients_)));
    return;
  }
  // A socket that is new has room for one line.
  const Result<Json> answer = std::unexpected(*refusal);
  const std::string line = control_answer_line(answer) + "\n";
  static_cast<void>(::send(socket.native_handle(), line.data(), line.size(), MSG_NOSIGNAL | MSG_DONTWAIT));
}

Task<void> ControlServer::serve(ClientPointer client) {
  for (;;) {
    Result<std::optional<std::string>> line = co_await client->read_line();
    if (line && !*line) co_return;
    Result<Json> result;
    if (line) {
      result = co_await answer(client, std::move(**line));
    } else {
      result = std::unexpected(line.error());
    }
    const bool taken = co_await client->write_line(control_answer_line(result));
    if (!taken || !line) co_return;
  }
}

/// Runs the command; a client that goes meanwhile cancels it. One that only says that it has no more to ask
/// is still there.
Task<Result<Json>> ControlServer::answer(ClientPointer client, std::string line) {
  auto request = parse_control_request(line);
  if (!request) co_return std::unexpected(request.error());
  Flow<Result<Json>> flow(scope_.executor(), commands_.run(std::move(*request)));
  const auto running = std::make_shared<Flow<Result<Json>>*>(&flow);
  client->socket().async_wait(Socket::wait_error,
                              [watched = std::weak_ptr(running)](const asio::error_code& error) {
                                const auto still = watched.lock();
                                if (!error && still) (*still)->cancel();
                              });
  Result<Json> result = co_await flow.join();
  asio::error_code ignored;
  client->socket().cancel(ignored);
  co_return result;
}

}  // namespace balancefs
