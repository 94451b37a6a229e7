// The control socket in the loop: commands of the same user (or root) ask, one line each, and are answered,
// one line each.
//
// Clients are many and careless: each has its time to ask and its time to take its answer, a line has its
// bound, and what a client wanted is given up when it has gone. Nothing of it waits for a storage unless a
// command's handler does. Loop thread.
#pragma once

#include <asio/local/stream_protocol.hpp>
#include <memory>
#include <optional>
#include <string>

#include "balancefs/clock.h"
#include "balancefs/task.h"
#include "control/control_commands.h"
#include "control/control_socket.h"

namespace balancefs {

class ControlServer {
 public:
  static constexpr std::size_t kMostClients = 256;
  /// For a client to ask (again), and to take its answer.
  static constexpr Duration kIdle = std::chrono::seconds(10);

  ControlServer(Executor executor, Clock& clock, ControlSocket socket, ControlCommands commands);
  ControlServer(const ControlServer&) = delete;
  ControlServer& operator=(const ControlServer&) = delete;
  ~ControlServer();

  std::size_t clients() const { return clients_; }
  /// Takes the socket away, gives up what is under way and waits until it is gone. Called once.
  Task<void> close();

 private:
  using Socket = asio::local::stream_protocol::socket;
  class Client;
  using ClientPointer = std::shared_ptr<Client>;

  Task<void> accept();
  void take(Socket socket);
  Task<void> serve(ClientPointer client);
  Task<Result<Json>> answer(ClientPointer client, std::string line);

  Clock& clock_;
  std::optional<ControlSocket> socket_;
  ControlCommands commands_;
  asio::local::stream_protocol::acceptor acceptor_;
  std::size_t clients_ = 0;
  TaskScope scope_;
};

}  // namespace balancefs
